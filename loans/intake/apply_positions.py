"""Applies what a partner says of each period: its position."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
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
    due_on: date | None
    total: Decimal | None


def write_positions(partner: Partner, cases: Sequence[Case]) -> None:
    """This partner's word on each period, unless it gave a newer one already."""
    held = _held(partner, [case.loan.pk for case in cases if not case.new])
    written = []
    for case in cases:
        news = list(_positions(partner, case, held))
        case.news.touched |= bool(news)
        written += news
    save_positions(written, with_schedule=True)


def _held(partner: Partner, loan_ids: Sequence[int]) -> dict[int, Held]:
    held = Position.objects.filter(partner=partner, installment__loan__in=loan_ids)
    return {pk: Held(*said) for pk, *said in held.values_list("installment", *Held._fields)}


def _positions(partner: Partner, case: Case, held: Mapping[int, Held]) -> Iterator[Position]:
    as_of = case.record.as_of or case.report.received_at
    said: tuple[InstallmentRecord | PositionRecord, ...] = (*case.record.installments, *case.record.positions)
    for item in said:
        row = case.installments.get(item.number)
        if row is None:
            continue
        status = Position.Status.PAID if item.outstanding == 0 else Position.Status.DUE
        old = held.get(row.pk)
        due_on, total = _schedule(item, old)
        if old and (old.as_of > as_of or old[1:] == (status, item.paid, due_on, total)):
            continue
        yield Position(
            installment=row,
            partner=partner,
            status=status,
            paid=item.paid,
            due_on=due_on,
            total=total,
            as_of=as_of,
            report=case.report,
        )


def _schedule(item: InstallmentRecord | PositionRecord, old: Held | None) -> tuple[date | None, Decimal | None]:
    """Due date and total that this partner has said; a record of positions alone leaves those that it said before."""
    if isinstance(item, InstallmentRecord):
        return item.due_on, item.total
    return (old.due_on, old.total) if old else (None, None)
