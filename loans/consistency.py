"""How long two firms take to say the same: measured from the first word of one to the agreement of the other."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

DAYS: Final = 30
"""Over so many days back from now differences that ended are measured."""

# Those that still last count for the longest one: an average of what is over hides what never ends.
_MEASURE: Final = """
SELECT bank.name, platform.name, follower.name, follower.kind, follower.consistency_goal,
       count(ended_at), count(*) - count(ended_at) AS lasting,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY ended_at - since) FILTER (WHERE ended_at IS NOT NULL),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY ended_at - since) FILTER (WHERE ended_at IS NOT NULL),
       max(ended_at - since),
       max(%(now)s - since) FILTER (WHERE ended_at IS NULL)
FROM (
    SELECT bank_id, platform_id, follower_id, since, ended_at FROM loans_difference
    WHERE ended_at >= %(first)s AND ended_at <= %(now)s
    UNION ALL
    SELECT bank_id, platform_id, follower_id, since, NULL FROM loans_difference
    WHERE ended_at IS NULL AND since <= %(now)s) AS measured
JOIN loans_partner AS bank ON bank.id = bank_id
JOIN loans_partner AS platform ON platform.id = platform_id
JOIN loans_partner AS follower ON follower.id = follower_id
GROUP BY bank.id, platform.id, follower.id
ORDER BY bank.name, platform.name, follower.kind
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One pair of firms where `follower`, one of them, had to follow the other.

    `half`, `most` and `longest` are p50, p95 and maximum of the differences that ended, None where none did; `lasting`
    and `oldest` are of those that have not.
    """

    bank: str
    platform: str
    follower: str
    follower_kind: str
    goal: timedelta
    ended: int
    lasting: int
    half: timedelta | None
    most: timedelta | None
    longest: timedelta | None
    oldest: timedelta | None

    @property
    def is_met(self) -> bool | None:
        """95 of 100 differences ended within the goal, and none that lasts is older. None: nothing has been measured,
        for none has ended and none that lasts is old enough to miss the goal.
        """
        if any(span is not None and span > self.goal for span in (self.most, self.oldest)):
            return False
        return True if self.ended else None

    def as_json(self) -> dict[str, Any]:
        """Times in whole seconds."""
        spans = {"goal": self.goal, "p50": self.half, "p95": self.most, "max": self.longest, "oldest": self.oldest}
        seconds = {name: None if span is None else round(span.total_seconds()) for name, span in spans.items()}
        named = {"bank": self.bank, "platform": self.platform, "follower": self.follower}
        return {**named, "ended": self.ended, "lasting": self.lasting, **seconds, "met": self.is_met}


def measure(now: datetime, days: int = DAYS) -> list[Measured]:
    """Each pair and direction that differed within the last `days` days, or still does; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_MEASURE, {"now": now, "first": now - timedelta(days=days)})
        return [Measured(*row) for row in cursor.fetchall()]
