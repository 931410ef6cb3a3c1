"""Watches over banks' statements: an alarm is open while one is missing, or does not fit itself or the one before."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal

from django.db import transaction

from accounts.models import User
from loans.models import Statement
from notifications.models import Alarm

Fault = Literal["gap", "break", "sum"]
DETAILS: Final[dict[Fault, str]] = {
    "gap": "At least one statement before this one has not come: ask the bank for it.",
    "break": "The opening balance is not the closing balance of the statement before: ask the bank.",
    "sum": "The entries do not make the closing balance of the opening one: ask the bank.",
}
_KIND: Final = Alarm.Kind.STATEMENT


class ClosedBeforeError(Exception):
    """The alarm is not open, or closes by itself alone. Nothing was changed."""


def faults(now: datetime) -> Iterator[tuple[Statement, Fault]]:
    """Each statement of this year and the last that somebody must ask its bank about, once for each fault."""
    year, rows = now.year - 1, Statement.objects.select_related("partner")
    for statement in rows.gaps(year):
        yield statement, "gap"
    for statement in rows.breaks(year):
        yield statement, "break"
    for statement in rows.unbalanced().filter(year__gte=year):
        yield statement, "sum"


@transaction.atomic
def watch_statements(now: datetime) -> int:
    """Open an alarm for each fault and close those of what has come; returns how many are open.

    What an agent closed stays closed: its row keeps its place among those that are open.
    """
    found = {f"statement:{statement.pk}:{fault}": (statement, fault) for statement, fault in faults(now)}
    still_open = Alarm.objects.open().filter(kind=_KIND)
    still_open.exclude(subject__in=found).update(closed_at=now)
    Alarm.objects.bulk_create(
        [
            Alarm(kind=_KIND, subject=subject, detail=DETAILS[fault], facts=_facts(statement, fault), opened_at=now)
            for subject, (statement, fault) in sorted(found.items())
        ],
        ignore_conflicts=True,
    )
    return still_open.count()


def close_by_hand(alarm_id: int, *, by: User, because: str, now: datetime) -> None:
    """Say that a statement will not come, or a booking not be mended. Raises ClosedBeforeError, and ValueError without
    a reason.
    """
    if not because.strip():
        raise ValueError("An alarm that is closed by hand needs a reason: nobody is told of it again.")
    rows = Alarm.objects.open().filter(pk=alarm_id, kind__in=Alarm.BY_HAND)
    if not rows.update(closed_at=now, closed_by=by, closed_because=because.strip()[:200]):
        raise ClosedBeforeError(f"Alarm {alarm_id} is not an open one that is closed by hand.")


def settled_by_hand() -> set[tuple[int, str]]:
    """Statements, each with the fault that an agent has closed."""
    subjects = Alarm.objects.filter(kind=_KIND, closed_by__isnull=False).values_list("subject", flat=True)
    parts = (subject.split(":") for subject in subjects)
    return {(int(pk), fault) for _statement, pk, fault in parts}


def _facts(statement: Statement, fault: Fault) -> dict[str, Any]:
    return {
        "statement": statement.pk,
        "named": str(statement),
        "firm": statement.partner.name,
        "account": statement.account,
        "fault": fault,
    }
