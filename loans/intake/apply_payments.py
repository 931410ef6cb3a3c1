"""Applies the payments that a partner says it saw."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from loans.intake.apply_statuses import reject_early
from loans.intake.cases import Case
from loans.intake.records import LoanRecord, RepaymentRecord
from loans.intake.rewriting import rewrite
from loans.models import Installment, Partner, Payment
from loans.models.fields import ZERO
from loans.returns import take_from_positions

_REWRITTEN: Final = ("status", "amount", "received_at", "settled_at", "booked_on", "returned_at")
Status = Payment.Status
State = Installment.State


@dataclass(slots=True)
class Payments:
    """The payments that the records may mean, by loan and reference, and what is to be written of them."""

    known: dict[tuple[int, str], Payment]
    made: list[Payment] = field(default_factory=list)
    changed: dict[int, Payment] = field(default_factory=dict)
    received: list[tuple[Case, Payment]] = field(default_factory=list)
    settled: list[tuple[Case, Payment]] = field(default_factory=list)
    returned: list[tuple[Case, Payment, Decimal]] = field(default_factory=list)
    """With what the bank's own figure still holds of each."""

    def find(self, case: Case, item: RepaymentRecord) -> Payment | None:
        return self.known.get((case.loan.pk, item.reference or ""))

    def add(self, payment: Payment) -> Payment:
        self.known[payment.loan_id, payment.end_to_end_id] = payment
        self.made.append(payment)
        return payment

    def change(self, payment: Payment, **fields: object) -> None:
        for name, value in fields.items():
            setattr(payment, name, value)
        if payment.pk:
            self.changed[payment.pk] = payment

    def save(self) -> None:
        Payment.objects.bulk_create(self.made)
        rewrite(list(self.changed.values()), _REWRITTEN)
        for case, payment in self.received:
            case.news.payments_received.append(payment.pk)
        for case, payment in self.settled:
            case.news.payments_settled.append(payment.pk)
        reject_early((case.news, payment, case.report) for case, payment in self.received)
        self._reopen()

    def _reopen(self) -> None:
        """What the returned payments were for is owed again, in a new version."""
        lost: dict[int, Decimal] = defaultdict(Decimal)
        news = {}
        for case, payment, amount in self.returned:
            if payment.installment_id:
                lost[payment.installment_id] += amount
                news[payment.installment_id] = case.news
        if lost:
            latest = max((case.report for case, _payment, _amount in self.returned), key=lambda one: one.received_at)
            for installment_id in take_from_positions(lost, latest):
                news[installment_id].installments.add(installment_id)


def write_repayments(partner: Partner, cases: Sequence[Case]) -> None:
    """Write the loan file's transactions as payments; each is known again by its reference.

    One without a reference is left out: nothing would tell it from itself in the next file, and the position says what
    is paid.
    """
    told = [(case, item) for case in cases for item in case.record.repayments if item.reference]
    references = {item.reference for _case, item in told}
    known = Payment.objects.filter(loan__in={case.loan.pk for case, _item in told}, end_to_end_id__in=references)
    payments = Payments({(payment.loan_id, payment.end_to_end_id): payment for payment in known})
    for case, item in told:
        _apply_one(partner, case, item, payments)
    payments.save()


def _apply_one(partner: Partner, case: Case, item: RepaymentRecord, payments: Payments) -> None:
    payment, now = payments.find(case, item), case.report.received_at
    if item.reversed:
        if payment:
            _take_back(case, payment, payments)
    elif partner.pk == case.loan.bank_id:
        _book(case, item, payments)
    elif payment is None:
        made = payments.add(_new(case, item, status=Status.RECEIVED, received_at=now))
        payments.received.append((case, made))
    elif payment.received_at is None:
        payments.change(payment, received_at=now)
        case.news.touched = True


def _take_back(case: Case, payment: Payment, payments: Payments) -> None:
    """What the platform saw, either firm takes back; what the bank booked, the bank alone."""
    booked = payment.status == Status.SETTLED and case.report.partner_id == case.loan.bank_id
    if not booked and payment.status != Status.RECEIVED:
        return
    payments.change(payment, status=Status.RETURNED, returned_at=case.report.received_at)
    if payment.pk:
        case.news.payments_returned.append(payment.pk)
    # A record with the bank's figures says itself what is paid without it.
    payments.returned.append((case, payment, payment.amount if booked and not case.record.installments else ZERO))


def _book(case: Case, item: RepaymentRecord, payments: Payments) -> None:
    payment = payments.find(case, item)
    booked = {"status": Status.SETTLED, "settled_at": case.report.received_at, "booked_on": item.paid_on}
    if payment is None:
        payment = payments.add(_new(case, item, **booked))
    elif payment.status == Status.RECEIVED:
        payments.change(payment, amount=item.amount, **booked)
    else:
        return
    payments.settled.append((case, payment))


def _new(case: Case, item: RepaymentRecord, **fields: object) -> Payment:
    return Payment(
        loan=case.loan,
        installment=_paid_for(item, case.record, case.installments),
        amount=item.amount,
        currency=case.loan.currency,
        end_to_end_id=item.reference or "",
        paid_on=item.paid_on,
        **fields,
    )


def _paid_for(item: RepaymentRecord, record: LoanRecord, installments: dict[int, Installment]) -> Installment | None:
    """The period a payment is for: the one it names or whose reference it has, else the first unsettled that fits."""
    if item.installment in installments:
        return installments[item.installment]
    rows = sorted(installments.values(), key=lambda row: row.number)
    for row in rows:
        if row.payment_reference == item.reference:
            return row
    paid = {period.number for period in record.installments if period.paid > 0}
    unsettled = [row for row in rows if row.state in {State.OPEN, State.AWAITING_BANK}]
    fitting = [row for row in unsettled if row.number in paid] or unsettled or rows[-1:]
    return fitting[0] if fitting else None
