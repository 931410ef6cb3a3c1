"""Keeps the alarms of a kind in step with what is wrong now, and closes one by an agent's word."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from accounts.models import User
from notifications.models import Alarm
from notifications.models.alarm import AlarmQuerySet

_KEEP: Final = """
INSERT INTO notifications_alarm AS alarm (kind, subject, detail, facts, opened_at, closed_because)
SELECT %(kind)s, said.subject, said.detail, said.facts, %(now)s, ''
FROM jsonb_to_recordset(%(wrong)s::jsonb) AS said (subject text, detail text, facts jsonb)
ORDER BY said.subject
ON CONFLICT (kind, subject) WHERE closed_at IS NULL OR closed_by_id IS NOT NULL
DO UPDATE SET detail = excluded.detail, facts = excluded.facts
WHERE alarm.closed_at IS NULL AND (alarm.detail, alarm.facts) IS DISTINCT FROM (excluded.detail, excluded.facts)
"""


class ClosedBeforeError(Exception):
    """The alarm is not open, or closes by itself alone. Nothing was changed."""


class Wrong(NamedTuple):
    """What is wrong, in words for the desk's list, and the facts that it is worded from."""

    detail: str
    facts: dict[str, Any]


@transaction.atomic(savepoint=False)
def keep_alarms(kind: Alarm.Kind, wrong: Mapping[str, Wrong], now: datetime) -> None:
    """Open an alarm for each of `wrong`, by subject, that has none, let those that are open say what is wrong now, and
    close those of everything else of this kind.

    What an agent closed stays closed, as it was: its row keeps its place among those that are open.
    """
    Alarm.objects.open().filter(kind=kind).exclude(subject__in=wrong).update(closed_at=now)
    rows = [{"subject": subject, "detail": one.detail, "facts": one.facts} for subject, one in wrong.items()]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, {"kind": kind.value, "wrong": json.dumps(rows), "now": now})


def opened_with(alarm: Alarm) -> AlarmQuerySet:
    """The other open alarms that the same look opened, where one cause may have made them all: who fell overdue untold
    while nothing ran. None of any other kind.
    """
    rows = Alarm.objects.open().filter(kind=alarm.kind, opened_at=alarm.opened_at).exclude(pk=alarm.pk)
    return rows if alarm.kind == Alarm.Kind.UNTOLD else rows.none()


@transaction.atomic
def close_by_hand(alarm_id: int, *, by: User, because: str, now: datetime, together: bool = False) -> int:
    """Say that a statement will not come, a booking not be mended, or how somebody came to be untold; `together` also
    of all that were `opened_with` it. Returns how many were closed. Raises ClosedBeforeError, and ValueError without a
    reason.
    """
    if not because.strip():
        raise ValueError("An alarm that is closed by hand needs a reason: nobody is told of it again.")
    said = {"closed_at": now, "closed_by": by, "closed_because": because.strip()[:200]}
    if not Alarm.objects.open().filter(pk=alarm_id, kind__in=Alarm.BY_HAND).update(**said):
        raise ClosedBeforeError(f"Alarm {alarm_id} is not an open one that is closed by hand.")
    return 1 + (opened_with(Alarm.objects.get(pk=alarm_id)).update(**said) if together else 0)
