"""Applies what a partner says of each period: its position."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from loans.intake.cases import Case
from loans.models import Position, Report
from loans.reconciliation import save_positions


class Held(NamedTuple):
    """What this partner said before."""

    as_of: datetime
    status: str
    paid: Decimal
    due_on: date | None
    total: Decimal | None


def write_positions(report: Report, cases: Sequence[Case]) -> None:
    """This partner's word on each period, unless it gave a newer one already."""
    held = _held(report, [case.loan.pk for case in cases if not case.new])
    written = []
    for case in cases:
        news = list(_positions(report, case, held))
        case.news.touched |= bool(news)
        written += news
    save_positions(written, with_schedule=True)


def _held(report: Report, loan_ids: Sequence[int]) -> dict[int, Held]:
    held = Position.objects.filter(partner=report.partner, installment__loan__in=loan_ids)
    return {pk: Held(*said) for pk, *said in held.values_list("installment", *Held._fields)}


def _positions(report: Report, case: Case, held: Mapping[int, Held]) -> Iterator[Position]:
    for item in case.record.installments:
        row = case.installments.get(item.number)
        if row is None:
            continue
        status = Position.Status.PAID if item.outstanding == 0 else Position.Status.DUE
        old = held.get(row.pk)
        if old and (old.as_of > report.received_at or old[1:] == (status, item.paid, item.due_on, item.total)):
            continue
        yield Position(
            installment=row,
            partner=report.partner,
            status=status,
            paid=item.paid,
            due_on=item.due_on,
            total=item.total,
            as_of=report.received_at,
            report=report,
        )
