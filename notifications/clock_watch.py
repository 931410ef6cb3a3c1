"""Compares the clock of a worker's machine with the database's: an alarm is open while they are far apart.

Everything that is due is found by the clock of the machine that looks, and a wake-up expires by the clock of the one
that asked for it. Each worker asks for itself, on a connection of its own, and so does beat: a sweep may be taken by
any of them.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from django.db import connection

LIMIT: Final = timedelta(seconds=5)
"""By how much a clock may be wrong. NTP keeps machines within milliseconds of each other."""
GONE_AFTER: Final = timedelta(minutes=5)
"""A worker that has not looked for so long is gone, and its alarm with it. One that runs looks every minute."""

_CLOSE: Final = """
UPDATE notifications_alarm SET closed_at = clock_timestamp()
WHERE kind = 'clock' AND subject = %(subject)s AND closed_at IS NULL
"""
_OPEN: Final = """
INSERT INTO notifications_alarm (kind, subject, detail, facts, opened_at, closed_because)
VALUES ('clock', %(subject)s, %(detail)s,
        %(facts)s::jsonb || jsonb_build_object('seen_at', extract(epoch FROM clock_timestamp())),
        clock_timestamp(), '')
ON CONFLICT (kind, subject) WHERE closed_at IS NULL OR closed_by_id IS NOT NULL
DO UPDATE SET facts = excluded.facts, detail = excluded.detail
"""
_FORGET: Final = """
UPDATE notifications_alarm SET closed_at = clock_timestamp()
WHERE kind = 'clock' AND closed_at IS NULL
  AND (facts ->> 'seen_at')::float8 < extract(epoch FROM clock_timestamp()) - %s
"""


def compare(session: "psycopg.Connection[Any]", now: Callable[[], datetime]) -> timedelta:
    """How far this machine's clock is ahead of the database's, zero where the question itself took as long.

    The database read its clock at some moment between asking and answer: what that leaves open counts for nothing.
    """
    asked = now()
    (there,) = session.execute("SELECT clock_timestamp()").fetchone() or (asked,)
    answered = now()
    if asked <= there <= answered:
        return timedelta(0)
    return asked - there if asked > there else answered - there


def watch_clock(session: "psycopg.Connection[Any]", *, worker: str, now: Callable[[], datetime]) -> timedelta:
    """Compare, open or close the alarm of this worker, and return by how much it is ahead.

    `session` is in autocommit. Raises psycopg.Error where the database does not answer or has no tables yet.
    """
    ahead = compare(session, now)
    subject = f"clock:{worker}"[:64]
    if abs(ahead) <= LIMIT:
        session.execute(_CLOSE, {"subject": subject})
        return ahead
    seconds = round(ahead.total_seconds())
    detail = f"The clock of {worker} is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} the database's."
    facts = json.dumps({"worker": worker, "seconds": seconds})
    session.execute(_OPEN, {"subject": subject, "detail": detail[:300], "facts": facts})
    return ahead


def forget_gone() -> int:
    """Close the alarms of workers that look no more; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [GONE_AFTER.total_seconds()])
        return int(cursor.rowcount)
