"""Places messages in the portal: the row is the message, so what is worded is there for its reader at the commit.

Nobody is handed anything, nothing can be in doubt, and a delivery goes from planned to sent in one step.
"""

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Final

from django.db import transaction

from notifications.claiming import Kept, Line, as_document, claim, looking_up_by_id
from notifications.composing import word
from notifications.events import RECORD_SENT
from notifications.kept_words import keep_words
from notifications.models import Delivery
from notifications.prepared import prepared_cursor
from notifications.states import advance

AT_ONCE: Final = 2000
"""So many lie there at each commit: half a tenth of a second. With 500 a fifth went into plans and commits."""
PROVIDER: Final = "portal"
_NOBODY: Final = 0
"""The key of no worker's lock: such a claim is never seen outside of its transaction."""

_PLACE: Final = f"""
WITH moved AS (
    UPDATE notifications_delivery AS delivery
    SET status = 'sent', reason = '', attempts = attempts + 1, claimed_at = %(now)s, handed_at = %(now)s,
        sent_at = COALESCE(delivery.sent_at, %(now)s), provider = %(provider)s, facts = row.facts, wording = row.wording
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (id bigint, facts jsonb, wording text)
    WHERE delivery.id = row.id
    RETURNING delivery.id, delivery.prompt_id, delivery.channel)
{RECORD_SENT}"""  # noqa: S608 - our own words


def place(*, clock: Callable[[], datetime], longest: float) -> int:
    """Place what is to be read in the portal, until nothing is left or `longest` seconds are over; returns how many
    were looked at.
    """
    line, done, until = Line(Delivery.Channel.IN_APP), 0, monotonic() + longest
    with looking_up_by_id():
        while monotonic() < until and (count := _place_some(line, clock())):
            done += count
    return done


@transaction.atomic
def _place_some(line: Line, now: datetime) -> int:
    ids = line.next(now=now, limit=AT_ONCE)
    worded, not_now = word(ids, now=now)
    _place([one.kept for one in worded], now)
    claim([Kept(step.delivery_id) for step in not_now], holder=_NOBODY, provider=PROVIDER, now=now)
    advance(not_now, now=now)
    return len(worded) + len(not_now)


def _place(rows: list[Kept], now: datetime) -> None:
    if rows:
        keep_words({row.wording for row in rows})
        with prepared_cursor() as cursor:
            cursor.execute(_PLACE, {"rows": as_document(rows), "provider": PROVIDER, "now": now})
