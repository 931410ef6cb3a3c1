"""Takes back payments: a debit of the bank's that reverses or returns what it booked, or what was on its way."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import connection
from django.db.models import Q

from loans.intake.news import News
from loans.intake.rewriting import rewrite
from loans.models import Partner, Payment, Report, StatementLine
from loans.returns import take_from_positions

Kept = StatementLine.Match
Status = Payment.Status
_LOCK: Final = 0x5E7B
"""First key of the advisory lock; the second is the bank's id."""


@dataclass(frozen=True, slots=True)
class Return:
    """A line that takes money back, and where the news of it goes."""

    line: StatementLine
    news: News


def take_turns(bank: Partner, *, returning: bool) -> None:
    """Until the transaction ends: intakes that book go on side by side, one that takes back waits for them and they
    for it. Else a return and the booking it takes back could pass each other, neither seeing the other.
    """
    function = "pg_advisory_xact_lock" if returning else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [_LOCK, bank.pk])


def loans_named_by(bank: Partner, lines: Collection[StatementLine]) -> set[int]:
    """The ids of the loans whose payments these returns may take back."""
    return Bookings(bank, lines, booked=[]).loans() if lines else set()


def early_returns(bank: Partner, booked: Sequence[StatementLine]) -> list[StatementLine]:
    """Returns that came before the bookings of these lines. The caller has taken turns."""
    if not booked:
        return []
    ids = {line.end_to_end_id for line in booked} - {""}
    references = {line.reference for line in booked} - {""}
    named = Q(end_to_end_id__in=ids) | Q(end_to_end_id="", reference__in=references)
    return list(StatementLine.objects.early_returns().filter(named, report__partner=bank).order_by("pk"))


@dataclass(slots=True)
class Bookings:
    """The payments that returns may mean: by end-to-end id, and by account and bank's reference."""

    bank: Partner
    returns: Collection[StatementLine]
    booked: Iterable[StatementLine]
    by_id: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_reference: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    payments: dict[int, Payment] = field(default_factory=dict)
    taken_back: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        ids = {line.end_to_end_id for line in self.returns} - {""}
        references = {line.reference for line in self.returns} - {""}
        for line in (*_saved(self.bank, ids, references), *self.booked):
            if line.payment_id and line.end_to_end_id:
                self.by_id[line.end_to_end_id].append(line.payment_id)
            if line.payment_id and line.reference:
                self.by_reference[line.account, line.reference].append(line.payment_id)
        named = Payment.objects.filter(loan__bank=self.bank, end_to_end_id__in=ids)
        for pk, end_to_end_id in named.values_list("pk", "end_to_end_id"):
            self.by_id[end_to_end_id].append(pk)
        found = {pk for pks in (*self.by_id.values(), *self.by_reference.values()) for pk in pks}
        self.payments = Payment.objects.in_bulk(found)
        debits = StatementLine.objects.filter(payment__in=found, side="debit")
        self.taken_back = set(debits.values_list("payment", flat=True))

    def loans(self) -> set[int]:
        return {payment.loan_id for payment in self.payments.values()}

    def of(self, line: StatementLine) -> list[Payment]:
        """Those that a return names, the last one first."""
        pks = self.by_id.get(line.end_to_end_id, []) if line.end_to_end_id else []
        pks = pks or self.by_reference.get((line.account, line.reference), [])
        return [self.payments[pk] for pk in sorted(set(pks), reverse=True) if pk in self.payments]


def _saved(bank: Partner, ids: set[str], references: set[str]) -> Iterable[StatementLine]:
    named = Q(end_to_end_id__in=ids - {""}) | Q(reference__in=references - {""})
    booked = StatementLine.objects.filter(named, report__partner=bank, match=Kept.MATCHED, side="credit")
    return booked.only("end_to_end_id", "account", "reference", "payment")


def take_back(returns: Sequence[Return], booked: Iterable[StatementLine], *, report: Report, now: datetime) -> None:
    """Match returns to payments, which become RETURNED; derive their installments and the bank's positions anew.

    `booked` are lines that the caller has matched and not saved. The caller has taken turns and locked the loans;
    saving the lines is left to it. A return whose payment is not known yet goes on waiting.
    """
    bookings = Bookings(report.partner, [item.line for item in returns], booked)
    gone: list[tuple[Return, Payment]] = []
    for item in returns:
        found = _choose(item.line, bookings)
        if isinstance(found, str):
            item.line.why = found
            continue
        item.line.payment, item.line.match, item.line.why = found, Kept.MATCHED, ""
        bookings.taken_back.add(found.pk)
        if found.status != Status.RETURNED:
            gone.append((item, _returned(found, item.line, now)))
    _write(gone, report)


def _choose(line: StatementLine, bookings: Bookings) -> Payment | str:
    """The payment that the line takes back, or why there is none."""
    named = [payment for payment in bookings.of(line) if payment.currency == line.currency]
    if not named:
        return "takes back a booking that has not come yet"
    amounts = {line.amount, line.original_amount}
    fitting = [payment for payment in named if payment.amount in amounts]
    if not fitting:
        return "takes back another amount than was booked"
    left = [payment for payment in fitting if payment.pk not in bookings.taken_back]
    if not left:
        return "this payment was returned by an earlier line"
    if len({payment.loan_id for payment in left}) > 1:
        return "several loans have a payment with this end-to-end id"
    return next((payment for payment in left if payment.status != Status.RETURNED), left[0])


def _returned(payment: Payment, line: StatementLine, now: datetime) -> Payment:
    payment.returned_at, payment.return_reason = now, line.return_reason
    return payment


def _write(gone: Sequence[tuple[Return, Payment]], report: Report) -> None:
    if not gone:
        return
    news: dict[int, News] = {}
    lost: dict[int, Decimal] = defaultdict(Decimal)
    for item, payment in gone:
        if payment.pk in item.news.payments_settled:
            item.news.payments_settled.remove(payment.pk)
        item.news.payments_returned.append(payment.pk)
        if payment.installment_id:
            news[payment.installment_id] = item.news
            lost[payment.installment_id] += payment.amount if payment.status == Status.SETTLED else Decimal(0)
        payment.status = Status.RETURNED
    rewrite([payment for _item, payment in gone], ["status", "returned_at", "return_reason"])
    for installment_id in take_from_positions(lost, report):
        news[installment_id].installments.add(installment_id)
