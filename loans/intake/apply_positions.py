"""Applies what a partner says of each period: its position."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from loans.intake.cases import Case
from loans.intake.records import InstallmentRecord, PositionRecord
from loans.models import Partner, Position
from loans.reconciliation import save_positions


class Held(NamedTuple):
    """What this partner said before."""

    as_of: datetime
    status: str
    paid: Decimal


def write_positions(partner: Partner, cases: Sequence[Case]) -> None:
    """This partner's word on each period, unless it gave a newer one already."""
    held = _held(partner, [case.loan.pk for case in cases if not case.new])
    written = []
    for case in cases:
        news = list(_positions(partner, case, held))
        case.news.touched |= bool(news)
        written += news
    save_positions(written)


def _held(partner: Partner, loan_ids: Sequence[int]) -> dict[int, Held]:
    held = Position.objects.filter(partner=partner, installment__loan__in=loan_ids)
    rows = held.values_list("installment", "as_of", "status", "paid")
    return {installment_id: Held(as_of, status, paid) for installment_id, as_of, status, paid in rows}


def _positions(partner: Partner, case: Case, held: Mapping[int, Held]) -> Iterator[Position]:
    as_of = case.record.as_of or case.report.received_at
    said: tuple[InstallmentRecord | PositionRecord, ...] = (*case.record.installments, *case.record.positions)
    for item in said:
        row = case.installments.get(item.number)
        if row is None:
            continue
        status = Position.Status.PAID if item.outstanding == 0 else Position.Status.DUE
        old = held.get(row.pk)
        if old and (old.as_of > as_of or (old.status, old.paid) == (status, item.paid)):
            continue
        yield Position(
            installment=row,
            partner=partner,
            status=status,
            paid=item.paid,
            as_of=as_of,
            report=case.report,
        )
