"""Lets a firm off whose turn it is to send what need not be told any more, and says so at once: in its hours it would
demand what is paid or disputed.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from django.db import connection

from notifications.models import Duty
from notifications.partner_news import tell_withdrawn

# Whoever applies a firm's word locks duties before prompts: what it is at is left to it.
_LET_OFF: Final = """
UPDATE notifications_duty AS duty SET status = 'void', settled_at = %(now)s
FROM (
    SELECT open.id, open.status FROM notifications_duty AS open
    WHERE open.prompt_id = ANY(%(prompts)s) AND open.status IN ('waiting', 'passed_on', 'held')
    ORDER BY open.id FOR NO KEY UPDATE SKIP LOCKED) AS open
WHERE duty.id = open.id
RETURNING duty.id, open.status
"""


def let_off(prompt_ids: Collection[int], *, why: str, now: datetime) -> None:
    """Nobody need send these any more: `why`, in words for the record, is told to firms as a code."""
    if not prompt_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LET_OFF, {"prompts": list(prompt_ids), "now": now})
        turns = dict(cursor.fetchall())
    tell_let_off({pk: before for pk, before in turns.items() if before != Duty.Status.HELD}, why=why, now=now)


def tell_let_off(turns: Mapping[int, str], *, why: str, now: datetime) -> None:
    """Tell the firms whose turn it was that these duties are void: by the id of each, the status that it had."""
    if not turns:
        return
    whose = {}
    for duty in Duty.objects.filter(pk__in=turns).select_related("responsible", "backup").order_by("pk"):
        passed_on = duty.backup if turns[duty.pk] == Duty.Status.PASSED_ON else None
        whose[duty.prompt_id] = (passed_on or duty.responsible).code
    tell_withdrawn(whose, why=why, at=now)
