"""Applies what a bank says became of initiated payments: a rejected one does not come, and its borrower is told."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from loans.intake.moving import read_accounts
from loans.intake.news import News
from loans.intake.settling import settle
from loans.intake.statement_records import StatusRecord
from loans.models import Loan, Payment, PaymentStatus, Report
from loans.models.payment_status import REJECTED

Status = Payment.Status


def apply_statuses(report: Report, records: Sequence[StatusRecord]) -> list[News]:
    """Keep each and reject the payments that it says will not come; one answer a record, in order.

    The sender is a bank or a platform of the loans. One that a statement booked stays booked: what takes it back is a
    line of a statement. Run it in a transaction of its own.
    """
    if not records:
        return []
    payments = _named(report, records)
    news, rows = [News(touched=True) for _record in records], []
    moved: dict[int, News] = {}
    for record, its in zip(records, news, strict=True):
        row = _row(report, record)
        fitting = [one for one in payments[record.end_to_end_id] if row.fits(one.amount, one.currency)]
        row.payment = fitting[0] if len(fitting) == 1 else None
        rows.append(row)
        if record.status not in REJECTED:
            continue
        its.unmatched = int(not fitting)
        moved |= {payment.loan_id: its for payment in fitting if payment.loan_id not in moved}
        if any(payment.status == Status.SETTLED for payment in fitting):
            its.remarks.append(
                f"{record.place}: {record.status} of a payment that a statement has booked; it stays booked"
            )
    PaymentStatus.objects.bulk_create(rows, ignore_conflicts=True)
    accounts = read_accounts(moved, report)
    settle({pk: (account, moved[pk]) for pk, (account, _news) in accounts.items()})
    return news


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


def _row(report: Report, record: StatusRecord) -> PaymentStatus:
    return PaymentStatus(
        report=report,
        place=record.place[:120],
        end_to_end_id=record.end_to_end_id,
        original_message=record.original_message or "",
        status=record.status,
        reason=record.reason or "",
        text=record.text or "",
        amount=record.amount,
        currency=record.currency or "",
    )
