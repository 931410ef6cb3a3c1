"""Applies what a partner says of each period: its position."""

from collections.abc import Iterator, Sequence

from loans.intake.apply_schedules import holds
from loans.intake.cases import Case
from loans.intake.records import InstallmentRecord
from loans.models import Position, Report
from loans.reconciliation import save_positions


def write_positions(report: Report, cases: Sequence[Case]) -> None:
    """This partner's word on each period, unless it has given a later one."""
    written = []
    for case in cases:
        if case.stale:
            continue
        for position, differs in _positions(report, case):
            written.append(position)
            if differs:
                case.news.touched = True
                case.touched.add(position.installment_id)
    save_positions(written)


def _positions(report: Report, case: Case) -> Iterator[tuple[Position, bool]]:
    """Those to be written, and whether they say anything new; a word on the whole loan is on record by itself."""
    for item in case.record.installments:
        row = case.account.installments.get(item.number)
        case.ahead |= row is None
        if row is None or not holds(case, item.number):
            continue
        old = case.account.position(row, case.partner.pk)
        differs = old is None or _says_more(old, item, case)
        if differs or not case.record.whole:
            position = old or Position(installment=row, partner=case.partner)
            if differs:
                _say(position, item, case, report)
            position.told_at, position.told_in = case.moment.as_of, report
            case.account.positions[row.pk, case.partner.pk] = position
            yield position, differs


def _says_more(old: Position, item: InstallmentRecord, case: Case) -> bool:
    """A bank's status is derived and no word of its own."""
    if (old.told, old.settled_on) != (item.paid, item.settled_on):
        return True
    return case.partner.pk != case.loan.bank_id and old.status != _status(item)


def _status(item: InstallmentRecord) -> Position.Status:
    return Position.Status.PAID if item.outstanding == 0 else Position.Status.DUE


def _say(position: Position, item: InstallmentRecord, case: Case, report: Report) -> None:
    position.status, position.paid = _status(item), item.paid
    position.told, position.settled_on = item.paid, item.settled_on
    position.as_of, position.report = case.moment.as_of, report
