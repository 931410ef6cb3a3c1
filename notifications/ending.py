"""Ends what was to go where it must not go any more: the channel is off, or the address given up or unreachable."""

from collections.abc import Sequence
from typing import Final

from notifications.arrays import numbers
from notifications.prepared import prepared_cursor
from notifications.states import Status, Step
from notifications.tellings import Telling

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
