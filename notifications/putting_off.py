"""Lets the ladders of what may not be told wait, with all that hangs on them: their time stands still meanwhile."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from django.db import connection

from notifications.clock import Clock
from notifications.models import Prompt
from notifications.timing import lawful_moment

LOOK_EVERY: Final = timedelta(hours=1)
"""So much later than its hold ends it may be told: it is late in any case."""
LOOK_SOON: Final = timedelta(minutes=5)
"""After what is wrong for minutes as a rule."""
NOT_LATE_YET: Final = "its due day is not over"
"""What holds a message that tells a payment as overdue, as it is kept with the delivery."""

_LATER: Final = """
UPDATE notifications_prompt AS prompt
SET look_again_at = held.until, deadline = prompt.deadline + (held.until - prompt.look_again_at)
FROM unnest(%(ids)s::bigint[], %(untils)s::timestamptz[]) AS held (id, until)
WHERE prompt.id = held.id AND prompt.status = 'active'
"""
# What somebody has locked is being claimed, and was not held when they looked.
_UNSENT_LATER: Final = """
UPDATE notifications_delivery AS delivery SET next_attempt_at = waiting.until
FROM (
    SELECT unsent.id, held.until FROM notifications_delivery AS unsent
    JOIN unnest(%(ids)s::bigint[], %(untils)s::timestamptz[]) AS held (id, until) ON held.id = unsent.prompt_id
    WHERE unsent.status IN ('queued', 'retrying') AND unsent.next_attempt_at < held.until
    FOR NO KEY UPDATE OF unsent SKIP LOCKED) AS waiting
WHERE delivery.id = waiting.id
"""
# A person comes at the deadline all the same, where nothing has arrived by then. Who has nothing waiting may climb: to
# one message, which then waits.
_UNTIL_LIFTED: Final = """
UPDATE notifications_prompt AS prompt
SET look_again_at = CASE WHEN prompt.deadline > %(now)s THEN LEAST(%(look_again)s, prompt.deadline)
                         ELSE %(look_again)s END
WHERE prompt.id = ANY(%(ids)s) AND prompt.status = 'active'
  AND ((prompt.deadline > %(now)s) IS NOT FALSE OR EXISTS (
    SELECT FROM notifications_delivery AS arrived
    WHERE arrived.prompt_id = prompt.id AND arrived.channel <> 'in_app' AND arrived.status = 'delivered'))
  AND EXISTS (
    SELECT FROM notifications_delivery AS waiting
    WHERE waiting.prompt_id = prompt.id AND waiting.channel <> 'in_app' AND waiting.status IN ('queued', 'retrying'))
RETURNING prompt.id
"""


def put_off(prompt_ids: Collection[int], clock: Clock) -> None:
    """Look at these locked prompts again after `LOOK_EVERY`, and send nothing of them before: one message, and not one
    on each channel, is what a hold that has ended lets go.
    """
    put_off_until(dict.fromkeys(prompt_ids, clock.now + LOOK_EVERY * clock.pace))


def put_off_until(moments: Mapping[int, datetime]) -> None:
    """The same, of each of these locked prompts until its own moment, UTC."""
    if moments:
        with connection.cursor() as cursor:
            cursor.execute(_LATER, _columns(moments))
            cursor.execute(_UNSENT_LATER, _columns(moments))


def lawful_when_late(late: datetime, jurisdiction: str, zone: tzinfo, clock: Clock) -> datetime:
    """The first moment, UTC, from `late` on at which what is overdue may be told there."""
    hours, _rule = clock.hours_for(jurisdiction, Prompt.Kind.OVERDUE, zone)
    return lawful_moment(late, now=clock.now, zone=zone, hours=hours).at


def wait_until_applied(prompt_ids: Collection[int], clock: Clock) -> set[int]:
    """Look at these locked prompts again soon; returns them. Their messages stay where they are in the queue, which
    gives them to nobody meanwhile (`halting`), and go out as soon as what their firms have sent is applied.
    """
    if prompt_ids:
        until = clock.now + LOOK_SOON * clock.pace
        with connection.cursor() as cursor:
            cursor.execute(_LATER, _columns(dict.fromkeys(prompt_ids, until)))
    return set(prompt_ids)


def wait_for_lift(prompt_ids: Collection[int], clock: Clock) -> set[int]:
    """Of these locked prompts, which a halt leaves no channel, put those off of which a message waits, but for its
    deadline; returns them.

    Each look lets the message's time begin anew and does not hold it: when the halt is lifted it goes out at once, and
    the ladder, which looks within `LOOK_EVERY`, sends no other after it.
    """
    if not prompt_ids:
        return set()
    parameters: dict[str, Any] = {"ids": list(prompt_ids), "now": clock.now}
    with connection.cursor() as cursor:
        cursor.execute(_UNTIL_LIFTED, {**parameters, "look_again": clock.now + LOOK_EVERY * clock.pace})
        waiting = {row[0] for row in cursor.fetchall()}
        cursor.execute(_UNSENT_LATER, _columns(dict.fromkeys(waiting, clock.now)))
    return waiting


def _columns(moments: Mapping[int, datetime]) -> dict[str, Any]:
    return {"ids": list(moments), "untils": list(moments.values())}
