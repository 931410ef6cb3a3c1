"""Ends what was to go where it must not go any more: the channel is off, or the address given up or unreachable; and
what was to remind of a day that is over.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from notifications.arrays import numbers
from notifications.models import Prompt
from notifications.needed import DUE_DAY_OVER
from notifications.prepared import prepared_cursor
from notifications.states import Status, Step
from notifications.tellings import Companion, Telling, companions_named
from notifications.timing import local_day

_FREE: Final = """
SELECT delivery.id FROM notifications_delivery AS delivery
JOIN notifications_prompt AS prompt ON prompt.id = delivery.prompt_id
WHERE delivery.id = ANY(%(ids)s::bigint[])
FOR NO KEY UPDATE OF prompt SKIP LOCKED
"""


def end_closed(tellings: Sequence[Telling]) -> list[Step]:
    """The steps that fail those of these claimed deliveries whose way was closed since they were planned, so that their
    ladders look for another one at once. Changes nothing.
    """
    return [
        Step(delivery_id=telling.delivery_id, to=Status.FAILED, reason=telling.closed)
        for telling in tellings
        if telling.closed
    ]


def end_past(tellings: Sequence[Telling], *, now: datetime) -> list[Step]:
    """The steps that fail those of these claimed reminders whose due day is over for their borrower, so that their
    ladders end at once. Changes nothing; one query where a due day is as good as over.
    """
    today = now.astimezone(UTC).date()
    near = [one for one in tellings if one.kind == Prompt.Kind.UPCOMING and (not one.needed or _due(one) <= today)]
    if not near:
        return []
    others = companions_named(near, now=now)
    return [
        Step(delivery_id=telling.delivery_id, to=Status.FAILED, reason=DUE_DAY_OVER)
        for telling in near
        if _last_due([telling, *others.get(telling.prompt_id, ())]) < local_day(now, telling.zone)
    ]


def _last_due(named: Sequence[Telling | Companion]) -> date:
    """Of what is still needed; of the first where nothing is."""
    return max((_due(one) for one in named if one.needed), default=_due(named[0]))


def _due(one: Telling | Companion) -> date:
    """What is about no installment is due never."""
    return one.due_on or date.max


def with_free_ladders(steps: Sequence[Step]) -> list[Step]:
    """These steps but for those that fail a delivery whose prompt somebody else is writing: it stays in the queue.

    The prompts are locked until the caller's transaction ends. Who takes a prompt back locks it before its deliveries,
    and a worker has locked the deliveries: to wait for the prompt would be to wait in a circle.
    """
    failing = [step.delivery_id for step in steps if step.to is Status.FAILED]
    if not failing:
        return list(steps)
    with prepared_cursor() as cursor:
        cursor.execute(_FREE, {"ids": numbers(failing)})
        free = {row[0] for row in cursor.fetchall()}
    return [step for step in steps if step.to is not Status.FAILED or step.delivery_id in free]
