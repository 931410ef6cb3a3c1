"""Applies loans of a partner's file: the agreements, their schedules, that partner's positions, the payments it saw."""

from collections.abc import Sequence

from loans.differences import follow_differences
from loans.intake.apply_payments import write_repayments
from loans.intake.apply_positions import write_positions
from loans.intake.apply_schedules import read_installments, write_schedules
from loans.intake.cases import Case, open_cases
from loans.intake.news import News, RefusedError
from loans.intake.records import LoanRecord
from loans.models import Report
from loans.reconciliation import book_what_the_bank_shows, settle_up


def apply_loans(report: Report, records: Sequence[LoanRecord]) -> list[News | RefusedError]:
    """Write what this report says of these loans, each named once; one answer a record. See apply_together."""
    return apply_together([report] * len(records), records)


def apply_together(reports: Sequence[Report], records: Sequence[LoanRecord]) -> list[News | RefusedError]:
    """Write what reports of one partner, one a record, say of these loans, each named once; one answer a record.

    Run it in a transaction of its own. The number of statements does not depend on the number of loans. The bank's word
    makes the figures; the platform's makes only its position and the payments that it saw, unless the bank has not
    spoken of the loan yet.
    """
    if not records:
        return []
    partner = reports[0].partner
    opened = open_cases(partner, records, reports)
    cases = [item for item in opened if isinstance(item, Case)]
    read_installments(cases)
    write_schedules([case for case in cases if case.new or partner.pk == case.loan.bank_id])
    write_positions(partner, cases)
    write_repayments(partner, cases)
    _settle(cases)
    return [item.news if isinstance(item, Case) else item for item in opened]


def _settle(cases: Sequence[Case]) -> None:
    news = {row.pk: case.news for case in cases for row in case.installments.values()}
    for installment_id in settle_up(news):
        news[installment_id].installments.add(installment_id)
    if not news:
        return
    now = max(case.report.received_at for case in cases)
    for payment_id, installment_id in book_what_the_bank_shows(news, now=now):
        news[installment_id].payments_settled.append(payment_id)
    follow_differences(news, now=now)
