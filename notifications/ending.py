"""Ends what was to go where it must not go any more: the channel is off, or the address given up or unreachable; and
what time has passed by. Puts off what is not late yet.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from notifications.arrays import numbers
from notifications.clock import Clock
from notifications.models import Delivery
from notifications.passed_by import STAGED, may_be_off_its_day, off_their_day
from notifications.prepared import prepared_cursor
from notifications.putting_off import NOT_LATE_YET, lawful_when_late
from notifications.states import Status, Step, put_off_by
from notifications.tellings import Telling
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


def follow_the_day(tellings: Sequence[Telling], *, now: datetime) -> list[Step]:
    """The steps that fail those of these claimed deliveries that time has passed by, so that their ladders end at once,
    and put off what is told as overdue while its due day lasts. Changes nothing; no query where each is of the day that
    it is.
    """
    days: dict[str, date] = {}
    near = []
    for one in tellings:
        if one.kind in STAGED and one.due_on is not None:
            if one.time_zone not in days:
                days[one.time_zone] = local_day(now, one.zone)
            if not one.needed or may_be_off_its_day(one.kind, one.stage, one.due_on, days[one.time_zone]):
                near.append(one)
    past, early = off_their_day([one.prompt_id for one in near], now=now)
    failing = [
        Step(delivery_id=one.delivery_id, to=Status.FAILED, reason=past[one.prompt_id])
        for one in near
        if one.prompt_id in past
    ]
    waiting = [one for one in near if one.prompt_id in early]
    return failing + [_until_late(one, early[one.prompt_id], Clock.at(now)) for one in waiting]


def _until_late(one: Telling, late: datetime, clock: Clock) -> Step:
    """What lies in the portal disturbs nobody: it waits for no contact hours."""
    if one.channel != Delivery.Channel.IN_APP:
        late = lawful_when_late(late, one.jurisdiction, one.zone, clock)
    return put_off_by(NOT_LATE_YET, one.delivery_id, late)


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
