"""Applies the schedules of loan records, each as a whole, all of them as sets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Final

from django.db.models import F

from loans.intake.cases import Case
from loans.intake.records import InstallmentRecord
from loans.intake.rewriting import rewrite
from loans.models import Installment, Loan
from loans.models.fields import ZERO

LONGEST_REFERENCE: Final = 35
_FIGURES: Final = ("principal", "interest", "fees", "penalties", "total")
_REWRITTEN: Final = (*_FIGURES, "due_on", "waived", "outstanding", "paid", "state", "version", "known_at")
State = Installment.State
_WITHDRAWN: Final = State.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Changes:
    """What a record makes of a schedule. `restored` are those of the changed that had been withdrawn."""

    made: list[Installment]
    changed: list[Installment]
    gone: list[Installment]
    restored: list[Installment]

    @property
    def rows(self) -> list[Installment]:
        return [*self.made, *self.changed, *self.gone]


def write_schedules(cases: Iterable[Case]) -> None:
    """Write the figures that records of whole loans may make: a changed date or total raises the version of its
    installment, known since its report came, but not what is charged once the due day is over; a number that is not
    named is withdrawn.
    """
    telling = [case for case in cases if case.record.whole and case.makes_figures and not case.stale]
    changes = {case: _changes(case, case.report.received_at) for case in telling}
    Installment.objects.bulk_create(chain.from_iterable(change.made for change in changes.values()))
    rewrite([row for change in changes.values() for row in change.changed], _REWRITTEN)
    gone = [row.pk for change in changes.values() for row in change.gone]
    Installment.objects.filter(pk__in=gone).update(state=_WITHDRAWN)
    for case, change in changes.items():
        case.account.installments |= {row.number: row for row in change.made}
        case.names |= {row.payment_reference for row in (*change.made, *change.gone, *change.restored)}
        case.touched |= {row.pk for row in change.rows}
        case.made = bool(change.made)
        case.news.installments.update(row.pk for row in change.rows)
    raised = [case.loan.pk for case, change in changes.items() if change.rows and not case.new]
    Loan.objects.filter(pk__in=raised).update(schedule_version=F("schedule_version") + 1)
    _remember_charges(cases)


def _remember_charges(cases: Iterable[Case]) -> None:
    """What any word of either firm charges by the due day, whether or not it makes figures: the largest of a set is the
    same in every order. Of what exists already; nothing is written where no word charges more than before.
    """
    raised = []
    for case in cases:
        for item in case.record.installments:
            row = case.account.installments.get(item.number)
            if row and (charges := _charges(item)) > row.charged_by_due and _in_time(case, item):
                row.charged_by_due = charges
                raised.append(row)
                case.touched.add(row.pk)
    rewrite(raised, ["charged_by_due"])


def _in_time(case: Case, item: InstallmentRecord) -> bool:
    """Whether it was said before the due day was over where the borrower is."""
    return case.moment.as_of.astimezone(case.loan.borrower.zone).date() <= item.due_on


def _changes(case: Case, at: datetime) -> Changes:
    """The changes, made on the rows in memory."""
    existing = case.account.installments
    figures = {item.number: item for item in case.record.installments}
    made = [_new(case, item, at) for number, item in figures.items() if number not in existing]
    changed = [row for number, item in figures.items() if (row := existing.get(number)) and _differs(row, item)]
    restored = [row for row in changed if row.state == _WITHDRAWN]
    today = at.astimezone(case.loan.borrower.zone).date() if changed else None
    for row in changed:
        is_owed = row.state in {State.OPEN, State.AWAITING_BANK}
        _rewrite(row, figures[row.number], at, late=is_owed and today is not None and row.due_on < today)
    gone = [row for number, row in existing.items() if number not in figures and row.state != _WITHDRAWN]
    for row in gone:
        row.state = _WITHDRAWN
    return Changes(made, changed, gone, restored)


def _new(case: Case, item: InstallmentRecord, at: datetime) -> Installment:
    row = Installment(
        loan=case.loan,
        number=item.number,
        due_on=item.due_on,
        known_at=at,
        charged_by_due=_charges(item) if _in_time(case, item) else ZERO,
        payment_reference=payment_reference(case.loan, item.number),
    )
    _set_figures(row, item)
    return row


def payment_reference(loan: Loan, number: int) -> str:
    """What a payer writes so that the bank can match the money: loan number and period, at most 35 characters."""
    suffix = f"-{number}"
    return loan.external_id[: LONGEST_REFERENCE - len(suffix)] + suffix


def _differs(row: Installment, item: InstallmentRecord) -> bool:
    figures = any(getattr(row, name) != getattr(item, name) for name in _FIGURES)
    return figures or row.due_on != item.due_on or row.waived != item.waived or row.state == _WITHDRAWN


def _rewrite(row: Installment, item: InstallmentRecord, at: datetime, *, late: bool) -> None:
    """`late`: it is owed, and its due day is over where its borrower is.

    Where the version does not rise here, the row keeps the state that it had: what follows from the new figures is
    derived from them, and raises it where they leave owed again what was not.
    """
    if row.due_on != item.due_on or row.state == _WITHDRAWN or _owes_another_sum(row, item, late=late):
        row.version += 1
        row.known_at = at
        row.state = State.OPEN
    row.due_on = item.due_on
    _set_figures(row, item)


def _owes_another_sum(row: Installment, item: InstallmentRecord, *, late: bool) -> bool:
    """What is charged for being late is no other schedule: whoever was told of it was told of what fell due. Each
    message names the sum as it stands; told anew with each day's interest, they would be asked daily.
    """
    if late and row.total - _charges(row) == item.total - _charges(item) and row.waived == item.waived:
        return False
    return row.total - row.waived != item.total - item.waived


def _charges(figures: Installment | InstallmentRecord) -> Decimal:
    return figures.fees + figures.penalties


def _set_figures(row: Installment, item: InstallmentRecord) -> None:
    """The parts and the total; paid and outstanding are derived afterwards from what both firms say."""
    for name in _FIGURES:
        setattr(row, name, getattr(item, name))
    row.waived = item.waived
    room = item.total - item.waived
    row.paid, row.outstanding = (room, ZERO) if row.state == State.SETTLED else (ZERO, room)
