"""Places messages in the portal: the row is the message, so what is worded is there for its reader at the commit.

Nobody is handed anything, nothing can be in doubt, and a delivery goes from planned to sent in one step.
"""

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Final

from django.db import transaction

from notifications.alike import LIES_THERE, PROVIDER, Alike
from notifications.arrays import numbers
from notifications.claiming import FACTS, Kept, Line, claim, columns_of, looking_up_by_id
from notifications.composing import Worded, word
from notifications.events import RECORD_SENT, sent_by
from notifications.kept_words import keep_words
from notifications.models import Delivery
from notifications.prepared import prepared_cursor
from notifications.states import advance

AT_ONCE: Final = 2000
"""So many lie there at each commit: half a tenth of a second. With 500 a fifth went into plans and commits."""
FIRST: Final = 100
"""So many at first: where there are more, it is learned of these what the others say."""
_NOBODY: Final = 0
"""The key of no worker's lock: such a claim is never seen outside of its transaction."""

_PLACE: Final = f"""
WITH moved AS (
    UPDATE notifications_delivery AS delivery
    SET {LIES_THERE}, facts = row.facts::jsonb, wording = row.wording
    FROM unnest(%(ids)s::bigint[], {FACTS}, %(wordings)s::text[], %(persons)s::bigint[], %(installments)s::bigint[])
         AS row (id, facts, wording, borrower_id, installment_id)
    WHERE delivery.id = row.id
    RETURNING delivery.id, delivery.prompt_id, row.borrower_id, row.installment_id)
{RECORD_SENT}"""  # noqa: S608 - our own words


def place(*, clock: Callable[[], datetime], longest: float) -> int:
    """Place what is to be read in the portal, until nothing is left or `longest` seconds are over; returns how many
    were looked at.
    """
    line, alike, done, until = Line(Delivery.Channel.IN_APP), Alike(), 0, monotonic() + longest
    with looking_up_by_id():
        while monotonic() < until and (count := _place_some(line, alike, clock(), AT_ONCE if done else FIRST)):
            done += count
    return done


@transaction.atomic
def _place_some(line: Line, alike: Alike, now: datetime, limit: int) -> int:
    placed, tellings = alike.place(line, now=now, limit=limit)
    worded, not_now = word(tellings, now=now)
    _place(worded, now)
    claim([Kept(step.delivery_id) for step in not_now], holder=_NOBODY, provider=PROVIDER, now=now)
    advance(not_now, now=now)
    count = placed + len(worded) + len(not_now)
    if count == limit:
        alike.learn(worded, tellings, now)
    else:
        alike.forget()
    return count


def _place(worded: list[Worded], now: datetime) -> None:
    if worded:
        rows = [one.kept for one in worded]
        keep_words({row.wording for row in rows})
        about = {
            "persons": numbers(one.person for one in worded),
            "installments": numbers(one.installment_id for one in worded),
            "said": sent_by(Delivery.Channel.IN_APP),
        }
        with prepared_cursor() as cursor:
            cursor.execute(_PLACE, {**columns_of(rows), **about, "provider": PROVIDER, "now": now})
