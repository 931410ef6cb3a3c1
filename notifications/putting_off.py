"""Lets the ladders of what may not be told wait, with all that hangs on them: their time stands still meanwhile."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from django.db import connection

from notifications.clock import Clock

LOOK_EVERY: Final = timedelta(hours=1)
"""So much later than its hold ends it may be told: it is late in any case."""

_LATER: Final = """
UPDATE notifications_prompt AS prompt
SET look_again_at = %(until)s, deadline = prompt.deadline + (%(until)s - prompt.look_again_at)
WHERE prompt.id = ANY(%(ids)s) AND prompt.status = 'active'
"""
# What somebody has locked is being claimed, and was not held when they looked.
_UNSENT_LATER: Final = """
UPDATE notifications_delivery AS delivery SET next_attempt_at = %(until)s
FROM (
    SELECT unsent.id FROM notifications_delivery AS unsent
    WHERE unsent.prompt_id = ANY(%(ids)s) AND unsent.status IN ('queued', 'retrying')
      AND unsent.next_attempt_at < %(until)s
    FOR NO KEY UPDATE SKIP LOCKED) AS waiting
WHERE delivery.id = waiting.id
"""


def put_off(prompt_ids: Collection[int], clock: Clock) -> None:
    """Look at these locked prompts again after `LOOK_EVERY`, and send nothing of them before: one message, and not one
    on each channel, is what a hold that has ended lets go.
    """
    if not prompt_ids:
        return
    parameters: dict[str, Any] = {"ids": list(prompt_ids), "until": clock.now + LOOK_EVERY * clock.pace}
    with connection.cursor() as cursor:
        cursor.execute(_LATER, parameters)
        cursor.execute(_UNSENT_LATER, parameters)
