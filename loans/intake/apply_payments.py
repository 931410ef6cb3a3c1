"""Applies the payments that a partner says it saw."""

from datetime import datetime

from loans.intake.news import News
from loans.intake.records import LoanRecord, RepaymentRecord
from loans.models import Installment, Loan, Payment, Report


def apply_repayments(
    report: Report, loan: Loan, record: LoanRecord, installments: dict[int, Installment], news: News
) -> None:
    """Write the loan file's transactions as payments; each is known again by its reference.

    One without a reference is left out: nothing would tell it from itself in the next file, and the position says what
    is paid.
    """
    for item in record.repayments:
        if item.reference:
            _apply_one(report, loan, item, _paid_for(item, record, installments), news)


def _apply_one(report: Report, loan: Loan, item: RepaymentRecord, installment: Installment | None, news: News) -> None:
    payment = loan.payments.filter(end_to_end_id=item.reference).select_for_update(no_key=True).first()
    if item.reversed:
        news.touched |= _give_back(payment)
    elif report.partner_id == loan.bank_id:
        _book(payment, loan, item, installment, report.received_at, news)
    elif payment is None:
        made = _make(loan, item, installment, Payment.Status.RECEIVED, received_at=report.received_at)
        news.payments_received.append(made.pk)
    elif payment.received_at is None:
        Payment.objects.filter(pk=payment.pk).update(received_at=report.received_at)
        news.touched = True


def _give_back(payment: Payment | None) -> bool:
    if payment is None:
        return False
    received = Payment.objects.filter(pk=payment.pk, status=Payment.Status.RECEIVED)
    return bool(received.update(status=Payment.Status.RETURNED))


def _book(
    payment: Payment | None,
    loan: Loan,
    item: RepaymentRecord,
    installment: Installment | None,
    now: datetime,
    news: News,
) -> None:
    if payment is None:
        made = _make(loan, item, installment, Payment.Status.SETTLED, settled_at=now, booked_on=item.paid_on)
        news.payments_settled.append(made.pk)
        return
    waiting = Payment.objects.awaiting_bank().filter(pk=payment.pk)
    if waiting.update(status=Payment.Status.SETTLED, settled_at=now, booked_on=item.paid_on, amount=item.amount):
        news.payments_settled.append(payment.pk)


def _make(
    loan: Loan, item: RepaymentRecord, installment: Installment | None, status: Payment.Status, **times: object
) -> Payment:
    return Payment.objects.create(
        loan=loan,
        installment=installment,
        amount=item.amount,
        currency=loan.currency,
        end_to_end_id=item.reference or "",
        status=status,
        paid_on=item.paid_on,
        **times,
    )


def _paid_for(item: RepaymentRecord, record: LoanRecord, installments: dict[int, Installment]) -> Installment | None:
    """The period a payment is for: the one whose reference it carries, else the first that fits and is not settled."""
    rows = sorted(installments.values(), key=lambda row: row.number)
    for row in rows:
        if row.payment_reference == item.reference:
            return row
    paid = {period.number for period in record.installments if period.paid > 0}
    unsettled = [row for row in rows if row.state in {Installment.State.OPEN, Installment.State.AWAITING_BANK}]
    fitting = [row for row in unsettled if row.number in paid] or unsettled or rows[-1:]
    return fitting[0] if fitting else None
