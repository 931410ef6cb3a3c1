"""How many calls may be handed over now.

A provider makes so many calls a second and keeps the others in a queue of its own, for hours. Whoever is told
meanwhile, says "stop", or is called after the hours, would be rung all the same, and their calls would count as made.
So no more are given to it than it makes in a minute; the others wait with us, as `queued`, where all of that reaches
them.
"""

from datetime import datetime, timedelta
from typing import Final

from notifications.channels.registry import calls_a_second
from notifications.prepared import prepared_cursor

AHEAD: Final = 60.0
"""Seconds' worth of calls that may wait at the provider. Senders look every five: of less, much would not be used."""
# Asked before the count, and in a statement of its own: a count that began earlier would not see what another worker
# has just claimed.
_MINE: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('notifications.pacing.' || %(provider)s, 0))"
# Those of another worker may be ahead by what two clocks differ; what lies further ahead is of a clock that was set
# back, and would keep everybody waiting until it is that time again.
_HANDED_OVER: Final = """
SELECT count(*) FROM notifications_delivery
WHERE channel = 'voice' AND provider = %(provider)s AND handed_at BETWEEN %(since)s AND %(until)s
"""


def calls_left(provider: str, *, now: datetime) -> int | None:
    """How many calls the caller may hand to this provider now; None where it keeps none waiting. 0 also where another
    worker is at it: nobody else may hand it any until the caller's transaction ends.

    Counts what was begun, whatever became of it: what was not answered may have been taken.
    """
    pace = calls_a_second(provider)
    if pace is None:
        return None
    seconds = max(AHEAD, 1 / pace)
    near = timedelta(seconds=seconds)
    with prepared_cursor() as cursor:
        cursor.execute(_MINE, {"provider": provider})
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_HANDED_OVER, {"provider": provider, "since": now - near, "until": now + near})
        return max(0, max(1, int(pace * seconds)) - int(cursor.fetchone()[0]))
