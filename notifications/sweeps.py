"""Do the sweeps run? Workers note how each ended; who watches asks which have not ended well for too long.

A sweep that does not run opens no alarm, and no alarm that another one would have opened says so either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max

from notifications.models import Sweep

PATIENCE: Final = timedelta(minutes=5)
"""A restart, an upgrade or one long run of another sweep is no fault; slow sweeps have three of their periods."""
NOTED_EVERY: Final = timedelta(seconds=10)
"""Some sweeps end each second: a write a sweep in this time, and a look-up by its name each time."""

# A clock that is set back, or another worker's that is ahead, must not keep a later end from being noted.
_NOTE: Final = """
INSERT INTO notifications_sweep (name, {at}, why)
SELECT %(name)s, %(now)s, %(why)s
WHERE NOT EXISTS (
    SELECT FROM notifications_sweep WHERE name = %(name)s AND {at} BETWEEN %(lately)s AND %(now)s)
ON CONFLICT (name) DO UPDATE SET {at} = excluded.{at}, why = excluded.why
"""
_ENDED: Final = _NOTE.format(at="ended_at")
_FAILED: Final = _NOTE.format(at="failed_at")


@dataclass(frozen=True, slots=True)
class Missing:
    """A sweep that has not ended well for too long: the queue of its workers, when it last did, and, where it fails
    each time, the name of the fault.
    """

    name: str
    queue: str
    ended_at: datetime | None
    fault: str


def note_end(task: str, args: Sequence[Any], *, fault: str, now: datetime) -> None:
    """Note that a task has ended, well where there is no `fault`. One that beat never asks for is not noted."""
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        if entry["task"] == task and tuple(entry["args"]) == tuple(args):
            row: dict[str, Any] = {"name": name, "why": fault[:100], "now": now, "lately": now - NOTED_EVERY}
            with connection.cursor() as cursor:
                cursor.execute(_FAILED if fault else _ENDED, row)


def not_running(now: datetime, longest: timedelta = PATIENCE) -> list[Missing]:
    """The sweeps that have not ended well for `longest`, or for three of their periods where these are longer, by name.

    One that has never ended well has its time from the last upgrade on. An end so far ahead of `now` is none.
    """
    noted = Sweep.objects.in_bulk()
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    new = any(name not in noted or noted[name].ended_at is None for name in schedule)
    upgraded_at = _upgraded_at() if new else None
    missing = []
    for name, entry in sorted(schedule.items()):
        row = noted.get(name) or Sweep(name=name)
        since = row.ended_at or upgraded_at
        # An end that lies ahead is another clock's: by then it would have said that all is well.
        if since and abs(now - since) > max(longest, timedelta(seconds=3 * entry["schedule"])):
            fails = row.failed_at is not None and row.failed_at > since
            missing.append(Missing(name, entry["options"]["queue"], row.ended_at, row.why if fails else ""))
    return missing


def _upgraded_at() -> datetime | None:
    at: datetime | None = MigrationRecorder(connection).migration_qs.aggregate(at=Max("applied"))["at"]
    return at
