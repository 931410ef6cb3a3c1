"""Watches over banks' statements: an alarm is open while one is missing, or does not fit itself or the one before."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal

from django.db import transaction

from loans.models import Statement
from notifications.alarms import Wrong, keep_alarms
from notifications.models import Alarm

Fault = Literal["gap", "break", "sum"]
DETAILS: Final[dict[Fault, str]] = {
    "gap": "At least one statement before this one has not come: ask the bank for it.",
    "break": "The opening balance is not the closing balance of the statement before: ask the bank.",
    "sum": "The entries do not make the closing balance of the opening one: ask the bank.",
}
_KIND: Final = Alarm.Kind.STATEMENT


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
    """Open an alarm for each fault and close those of what has come; returns how many are open."""
    found = {
        f"statement:{statement.pk}:{fault}": Wrong(DETAILS[fault], _facts(statement, fault))
        for statement, fault in faults(now)
    }
    keep_alarms(_KIND, found, now)
    return Alarm.objects.open().filter(kind=_KIND).count()


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
