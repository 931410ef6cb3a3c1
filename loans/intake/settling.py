"""Derives the state of locked loans from all that was said of them, and writes what came out otherwise than before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.utils import timezone

from loans.differences import follow_differences
from loans.intake.account import Account, read_money
from loans.intake.allocating import Share, lay_out
from loans.intake.money import Money
from loans.intake.news import News
from loans.intake.pairing import monies
from loans.intake.payment_fields import DERIVED, doubted_fields, fields_of
from loans.intake.returning import take_back
from loans.intake.rewriting import rewrite
from loans.models import Payment, PaymentPart, PaymentWord, Report, StatementLine
from loans.reconciliation import save_parts, save_words, settle_up

Status = Payment.Status
Kept = StatementLine.Match
NOTHING_LEFT: Final = "loan {} has nothing left to pay"


class Part(NamedTuple):
    """A part as it is to be written, once its payment is; see PaymentPart."""

    payment: Payment
    installment_id: int
    amount: Decimal
    since: Decimal


@dataclass(slots=True)
class Books:
    """What is to be written of many loans at once."""

    now: datetime | None
    made: list[tuple[Payment, News]] = field(default_factory=list)
    changed: list[Payment] = field(default_factory=list)
    words: list[PaymentWord] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    lines: list[StatementLine] = field(default_factory=list)
    installments: dict[int, Report | None] = field(default_factory=dict)
    """By id, with the report that says more of each, if one does."""
    news: list[tuple[str, Payment, News]] = field(default_factory=list)

    def heard(self, account: Account) -> datetime:
        """When that was said or decided of which the account is derived anew."""
        if self.now is None and account.report:
            return account.report.received_at
        return self.now or timezone.now()

    def touch(self, account: Account, installment_ids: Iterable[int | None]) -> None:
        """These are to be derived anew."""
        self.installments |= dict.fromkeys((pk for pk in installment_ids if pk), account.report)


def settle(
    accounts: dict[int, tuple[Account, News]], touched: Collection[int] = (), now: datetime | None = None
) -> None:
    """Derive these loans, by id, which the caller has locked; `touched`: ids of installments with new figures.

    `now` is when a person decided, where it is not the reports that say something new; to be given where an account
    has none. Lines that are new are left to the caller to save; all else is written here.
    """
    if not accounts:
        return
    read_money(account for account, _news in accounts.values())
    books = Books(now)
    for account, news in accounts.values():
        _derive(account, news, books)
    _save(books)
    _join_rejections(account for account, _news in accounts.values())
    told = {row.pk: (account, news) for account, news in accounts.values() for row in account.installments.values()}
    books.installments |= {pk: told[pk][0].report for pk in touched}
    reports = {pk: report for pk, report in books.installments.items() if report}
    for installment_id in settle_up(books.installments, reports, books.now):
        told[installment_id][1].installments.add(installment_id)
    follow_differences(books.installments, now=max(books.heard(account) for account, _news in accounts.values()))


def _join_rejections(accounts: Iterable[Account]) -> None:
    """A rejection that came before its payment is of that payment from now on."""
    joined = []
    for account in accounts:
        rows = {row.end_to_end_id: row for row in account.payments if row.end_to_end_id}
        for rejection in account.rejections:
            row = rows.get(rejection.end_to_end_id)
            if rejection.payment_id is None and row and rejection.fits(row.amount, row.currency):
                rejection.payment = row
                joined.append(rejection)
    rewrite(joined, ["payment"])


def _derive(account: Account, news: News, books: Books) -> None:
    before = {line.pk: (line.match, line.why, line.payment_id) for line in account.lines if line.pk}
    found = monies(account)
    paying = [money for money in found if not money.doubted]
    take_back(account, paying)
    shares = lay_out(account, paying)
    rows = _seat(account, found)
    for share in shares:
        _write_payment(account, share, rows[id(share.money)], news, books)
    for money in found:
        if money.doubted:
            _write_row(account, rows[id(money)], doubted_fields(money), money, books, news)
    _dismiss(account, rows.values(), news, books)
    _write_parts(account, shares, rows, books)
    made = {id(line) for money in found if not rows[id(money)].pk for line in (money.line, money.back) if line}
    for line in account.lines:
        if line.pk and (id(line) in made or before[line.pk] != (line.match, line.why, line.payment_id)):
            books.lines.append(line)


def _seat(account: Account, found: Sequence[Money]) -> dict[int, Payment]:
    """The row of each payment: the one of its reference, else the one that its line has, else one that is free."""
    by_reference = {row.end_to_end_id: row for row in account.payments if row.end_to_end_id}
    by_id = {row.pk: row for row in account.payments}
    rows: dict[int, Payment] = {}
    taken: set[int] = set()
    for way in (_named_row, _lined_row):
        for money in found:
            row = way(money, by_reference, by_id)
            if row and id(money) not in rows and row.pk not in taken:
                rows[id(money)] = row
                taken.add(row.pk)
    lined = {line.payment_id for line in account.lines if line.payment_id and line.side == "credit"}
    lined |= account.left
    free = [row for row in account.payments if row.pk not in taken and row.pk in lined]
    for money in found:
        if id(money) not in rows:
            new = Payment(loan_id=account.loan.pk, currency=account.loan.currency)
            rows[id(money)] = free.pop(0) if free else new
    return rows


def _named_row(money: Money, by_reference: dict[str, Payment], _by_id: dict[int, Payment]) -> Payment | None:
    return money.row or by_reference.get(money.reference)


def _lined_row(money: Money, _by_reference: dict[str, Payment], by_id: dict[int, Payment]) -> Payment | None:
    return by_id.get(money.line.payment_id or 0) if money.line else None


def _write_payment(account: Account, share: Share, row: Payment, news: News, books: Books) -> None:
    money = share.money
    told = row.pk and row.status != Status.DOUBTED and (money.known or money.row is None)
    before = row.status if told else ""
    said = fields_of(account, share, row, books.heard(account))
    if _write_row(account, row, said, money, books, news):
        books.touch(account, (row.installment_id, *share.amounts))
    _place(money, row, share)
    if row.status != before and money.arrived and (kind := _told_as(money, before, row.status)):
        books.news.append((kind, row, news))


def _write_row(account: Account, row: Payment, said: Mapping[str, Any], money: Money, books: Books, news: News) -> bool:
    """Give the row these fields and its words; returns whether it is new or says something else than before."""
    differs = not row.pk or any(getattr(row, name) != value for name, value in said.items())
    if differs:
        books.touch(account, [row.installment_id])
        for name, value in said.items():
            setattr(row, name, value)
    if not row.pk:
        books.made.append((row, news))
        account.payments.append(row)
    elif differs:
        books.changed.append(row)
    for word in (spoken.word for spoken in money.words):
        if not word.pk or word.payment_id != row.pk:
            books.words.append(word)
            books.touch(account, [row.installment_id])  # who stands by a payment that went back has not heard of it
        word.payment = row
    return differs


def _told_as(money: Money, before: str, after: str) -> str:
    """Which news it is; what came and went at once is told as a return alone."""
    if after == Status.SETTLED:
        return "payments_settled"
    if after == Status.RETURNED:
        return "payments_returned" if before or money.booked or money.rejection else ""
    return "" if before else "payments_received"


def _place(money: Money, row: Payment, share: Share) -> None:
    """Tell the lines what became of them. What no installment takes waits for an agent, with the payment it made."""
    if money.back:
        money.back.payment, money.back.match, money.back.why = row, Kept.MATCHED, ""
    line = money.line
    if line is None:
        return
    line.payment = row
    if line.decided_by_id:
        return
    idle = not share.amounts and not money.returned
    line.match = Kept.UNMATCHED if idle else Kept.MATCHED
    line.why = NOTHING_LEFT.format(money.loan.external_id)[:200] if idle else ""


def _dismiss(account: Account, rows: Iterable[Payment], news: News, books: Books) -> None:
    """A row that its line has left, and that nobody else speaks of, is taken back: the bank has booked nothing."""
    seated = {row.pk for row in rows}
    for row in account.payments:
        if not row.pk or row.pk in seated or (row.status == Status.RETURNED and not row.booked_on):
            continue
        if row.status != Status.RETURNED:
            books.news.append(("payments_returned", row, news))
        row.status, row.end_to_end_id, row.credit, row.booked_on = Status.RETURNED, "", Decimal(0), None
        books.changed.append(row)
        books.touch(account, [row.installment_id])


def _write_parts(account: Account, shares: Sequence[Share], rows: dict[int, Payment], books: Books) -> None:
    left, anew = dict(account.parts), set()
    for share in shares:
        payment = rows[id(share.money)]
        for pk, amount in share.amounts.items():
            old = left.get((payment.pk or 0, pk))
            if old and (old.amount, old.since) == (amount, share.since[pk]):
                del left[payment.pk, pk]
                continue
            books.parts.append(Part(payment, pk, amount, share.since[pk]))
            books.touch(account, [pk])
            anew.add((payment.pk, pk))
    # For what one was that went back is kept: nothing of it counts, and what was told of it was of these.
    went_back = {row.pk: row for row in account.payments if row.status == Status.RETURNED}
    for key, part in left.items():
        row = went_back.get(part.payment_id) if key not in anew else None
        if row is None or part.amount or part.since:
            books.gone.append(part.pk)
            books.touch(account, [part.installment_id])
            if row:
                books.parts.append(Part(row, part.installment_id, Decimal(0), Decimal(0)))


def _save(books: Books) -> None:
    """Parts go first and come last: they are never more than their payment."""
    if books.gone:
        PaymentPart.objects.filter(pk__in=books.gone).delete()
    rewrite(books.changed, DERIVED)
    Payment.objects.bulk_create([row for row, _news in books.made])
    for word in books.words:
        word.payment_id = word.payment.pk
    save_words(books.words)
    save_parts((part.payment.pk, *part[1:]) for part in books.parts)
    for line in books.lines:
        line.payment_id = line.payment.pk if line.payment else None
    rewrite(books.lines, ("match", "why", "payment"))
    for kind, row, news in books.news:
        getattr(news, kind).append(row.pk)
