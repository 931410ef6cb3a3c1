"""The raw messages of providers, compared with what the sealed events say of them.

An event that came of a receipt names the message (`callback`) and the SHA-256 of its bytes, so the seal covers them.
"""

from dataclasses import dataclass
from typing import Final

from django.db import connection

_NAMED: Final = """
WITH named AS (
    SELECT min(event.id) AS event_id, (event.data->>'callback')::bigint AS callback_id, event.data->>'sha256' AS sealed
    FROM notifications_noticeevent AS event
    WHERE event.id > %s AND event.id <= %s AND event.kind IN ('sent', 'delivered', 'failed', 'conflict')
      AND event.data ? 'sha256'
    GROUP BY 2, 3
), compared AS (
    SELECT named.*, encode(sha256(callback.raw), 'hex') AS found
    FROM named LEFT JOIN notifications_callback AS callback ON callback.id = named.callback_id
)
"""
_COUNT: Final = f"""{_NAMED}
SELECT count(*) FILTER (WHERE found = sealed), count(*) FROM compared
"""  # noqa: S608 - nothing of it comes from outside
_FIRST: Final = f"""{_NAMED}
SELECT event_id, callback_id, sealed, COALESCE(found, '') FROM compared
WHERE found IS DISTINCT FROM sealed ORDER BY event_id LIMIT 1
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Altered:
    """A message that is not what an event was made of. `found`: the SHA-256 of its bytes now, or empty."""

    event_id: int
    callback_id: int
    sealed: str
    found: str


def compare_messages(after: int, until: int) -> tuple[int, Altered | None]:
    """How many messages that the events with `after` < id <= `until` name are what they were, and the first that is
    not.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [after, until])
        same, all_of_them = cursor.fetchone()
        if same == all_of_them:
            return same, None
        cursor.execute(_FIRST, [after, until])
        return same, Altered(*cursor.fetchone())
