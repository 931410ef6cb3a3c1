"""Applies what a partner says of each period: its position, and the schedule that it says with it."""

from collections.abc import Iterator, Sequence
from datetime import date

from loans.intake.cases import Case
from loans.intake.records import InstallmentRecord, PositionRecord
from loans.models import Partner, Position
from loans.reconciliation import save_positions

Said = InstallmentRecord | PositionRecord


def write_positions(partner: Partner, cases: Sequence[Case]) -> None:
    """This partner's word on each period, unless it has given a later one."""
    written, gone = [], []
    for case in cases:
        if case.stale:
            continue
        gone += _left_out(partner, case)
        for position, differs in _positions(partner, case):
            written.append(position)
            if differs:
                case.news.touched = True
                case.touched.add(position.installment_id)
    save_positions(written)
    if gone:
        Position.objects.filter(pk__in=[position.pk for position in gone]).delete()


def _left_out(partner: Partner, case: Case) -> list[Position]:
    """What a platform had said of periods that its record of the whole loan no longer names; it now says nothing.

    Those that its bank leaves out are withdrawn with all that was said of them.
    """
    if not case.record.whole or partner.pk == case.loan.bank_id:
        return []
    account, named = case.account, {item.number for item in case.record.installments}
    numbers = {row.pk: number for number, row in account.installments.items()}
    left = [
        position
        for (row_id, partner_id), position in account.positions.items()
        if partner_id == partner.pk and numbers[row_id] not in named and _holds(case, numbers[row_id])
    ]
    for position in left:
        del account.positions[position.installment_id, partner.pk]
        case.touched.add(position.installment_id)
        case.news.touched = True
    return left


def _positions(partner: Partner, case: Case) -> Iterator[tuple[Position, bool]]:
    """Those to be written, and whether they say anything new; a word on the whole loan is on record by itself."""
    said: tuple[Said, ...] = (*case.record.installments, *case.record.positions)
    for item in said:
        row = case.account.installments.get(item.number)
        if row is None:
            case.ahead.append(item.number)
            continue
        old = case.account.position(row, partner.pk)
        holds = _holds(case, item.number)
        position = old or Position(installment=row, partner=partner)
        differs = holds and (old is None or _says_more(old, item, case))
        planned = isinstance(item, InstallmentRecord) and (position.due_on, position.total) != (item.due_on, item.total)
        if differs:
            _say(position, item, case)
        if isinstance(item, InstallmentRecord):
            position.due_on, position.total = item.due_on, item.total
        if differs or (holds and not case.record.whole):
            case.touched.add(row.pk)  # the same figure as of later: what came back before it is not in it any more
            position.told_at, position.told_in = case.moment.as_of, case.report
        if differs or planned or (holds and not case.record.whole):
            case.account.positions[row.pk, partner.pk] = position
            yield position, differs or planned


def _holds(case: Case, number: int) -> bool:
    """The record's word on the money of this period holds: the same partner said nothing later of it alone."""
    figure = case.account.figure_of(case.account.installments[number], case.partner.pk)
    return figure is None or figure <= case.moment


def _says_more(old: Position, item: Said, case: Case) -> bool:
    """A bank's status is derived and no word of its own."""
    if (old.told, old.settled_on) != (item.paid, _settled_on(item)):
        return True
    return case.partner.pk != case.loan.bank_id and old.status != _status(item)


def _status(item: Said) -> Position.Status:
    return Position.Status.PAID if item.outstanding == 0 else Position.Status.DUE


def _settled_on(item: Said) -> date | None:
    return item.settled_on if isinstance(item, InstallmentRecord) else None


def _say(position: Position, item: Said, case: Case) -> None:
    position.status, position.paid = _status(item), item.paid
    position.told, position.settled_on = item.paid, _settled_on(item)
    position.as_of, position.report = case.moment.as_of, case.report
