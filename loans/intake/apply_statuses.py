"""Applies what a bank says became of initiated payments: a rejected one does not come, and its borrower is told."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from django.db import connection
from django.db.models import Q

from loans.intake.news import News
from loans.intake.records import StatusRecord
from loans.intake.rewriting import rewrite
from loans.models import Loan, Payment, PaymentStatus, Report
from loans.models.fields import ZERO
from loans.models.payment_status import REJECTED
from loans.returns import take_from_positions

Status = Payment.Status
_LOCK: Final = 0x5A7E


def take_turns(*, rejecting: bool) -> None:
    """Until the transaction ends: whoever writes payments that a platform saw goes on beside others, rejections alone.

    Else a payment and its rejection could pass each other, neither seeing the other.
    """
    function = "pg_advisory_xact_lock" if rejecting else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, 0)", [_LOCK])


def apply_statuses(report: Report, records: Sequence[StatusRecord]) -> list[News]:
    """Keep each and reject the payments that it says will not come; one answer a record, in order.

    The sender is a bank or a platform of the loans. One that a statement booked stays booked: what takes it back is a
    line of a statement. Run it in a transaction of its own.
    """
    if not records:
        return []
    take_turns(rejecting=True)
    payments = _named(report, records)
    news, rows, gone = [News(touched=True) for _record in records], [], {}
    for record, its in zip(records, news, strict=True):
        payment = _choose(record, payments[record.end_to_end_id])
        rows.append(_row(report, record, payment))
        if record.status not in REJECTED:
            continue
        if payment is None:
            its.unmatched = 1
        elif payment.status == Status.RECEIVED:
            _reject(payment, record.reason or "", report)
            its.payments_returned.append(payment.pk)
            gone[payment.pk] = (payment, its)
        elif payment.status == Status.SETTLED:
            its.remarks.append(
                f"{record.place}: {record.status} of a payment that a statement has booked; it stays booked"
            )
    PaymentStatus.objects.bulk_create(rows, ignore_conflicts=True)
    _write(gone.values(), report)
    return news


def reject_early(received: Iterable[tuple[News, Payment, Report]]) -> None:
    """Payments that a platform has just told us of, and that were rejected before: they are on record as returned.

    The caller derives their installments.
    """
    found = {payment.end_to_end_id: (news, payment, report) for news, payment, report in received}
    if not found:
        return
    take_turns(rejecting=False)
    said = PaymentStatus.objects.early_rejections().filter(end_to_end_id__in=found).select_related("report")
    statuses, gone = [], []
    for status in said.defer("report__content").order_by("pk"):
        news, payment, report = found[status.end_to_end_id]
        if status.report.partner_id not in {payment.loan.bank_id, payment.loan.platform_id}:
            continue
        status.payment = payment
        statuses.append(status)
        if payment.status == Status.RECEIVED:
            _reject(payment, status.reason, report)
            news.payments_returned.append(payment.pk)
            gone.append(payment)
    rewrite(gone, ["status", "returned_at", "return_reason"])
    rewrite(statuses, ["payment"])


def _named(report: Report, records: Sequence[StatusRecord]) -> dict[str, list[Payment]]:
    """The payments of this sender's loans by end-to-end id; their loans are locked."""
    ids = {record.end_to_end_id for record in records}
    mine = Q(loan__bank=report.partner_id) | Q(loan__platform=report.partner_id)
    known = Payment.objects.filter(mine, end_to_end_id__in=ids)
    loans = Loan.objects.filter(pk__in=set(known.values_list("loan", flat=True)))
    list(loans.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    found = defaultdict(list)
    for payment in known.order_by("pk"):
        found[payment.end_to_end_id].append(payment)
    return found


def _choose(record: StatusRecord, payments: Sequence[Payment]) -> Payment | None:
    """The only one there is, of the amount that the status names if it names one."""
    fitting = [
        payment
        for payment in payments
        if record.amount is None or (payment.amount, payment.currency) == (record.amount, record.currency)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _reject(payment: Payment, reason: str, report: Report) -> None:
    payment.status, payment.returned_at, payment.return_reason = Status.RETURNED, report.received_at, reason


def _row(report: Report, record: StatusRecord, payment: Payment | None) -> PaymentStatus:
    return PaymentStatus(
        report=report,
        place=record.place[:120],
        end_to_end_id=record.end_to_end_id,
        original_message=record.original_message or "",
        status=record.status,
        reason=record.reason or "",
        text=record.text or "",
        payment=payment,
    )


def _write(gone: Iterable[tuple[Payment, News]], report: Report) -> None:
    pairs = list(gone)
    rewrite([payment for payment, _news in pairs], ["status", "returned_at", "return_reason"])
    news = {payment.installment_id: its for payment, its in pairs if payment.installment_id}
    for installment_id in take_from_positions(dict.fromkeys(news, ZERO), report):
        news[installment_id].installments.add(installment_id)
