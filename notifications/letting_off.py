"""Lets a firm off whose turn it is to send what need not be told any more, and says so at once: in its hours it would
demand what is paid or disputed.

So it would what a bank may have booked. That may be over in an hour or in days, and the portal's own message, which
waits for that and for the firm's time, is what tells then: no turn is given twice.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from notifications.duty_statements import PLANNED
from notifications.in_doubt import HOLDS, LOANS
from notifications.models import Duty, Prompt
from notifications.partner_news import IN_DOUBT, tell_withdrawn

# Whoever applies a firm's word locks duties before prompts: what it is at is left to it.
_LET_OFF: Final = """
UPDATE notifications_duty AS duty SET status = 'void', settled_at = %(now)s
FROM (
    SELECT open.id, open.status FROM notifications_duty AS open
    WHERE open.prompt_id = ANY(%(prompts)s) AND open.status IN ('waiting', 'passed_on')
    ORDER BY open.id FOR NO KEY UPDATE SKIP LOCKED) AS open
WHERE duty.id = open.id
RETURNING duty.id, open.status
"""
_HOLDS: Final = HOLDS.format(loan="installment.loan_id", installment="installment.id")
# By the index of prompts that are about nothing but an installment, from the few loans with such a booking.
_DOUBTED: Final = f"""
SELECT prompt.id
FROM loans_installment AS installment
JOIN notifications_prompt AS prompt ON prompt.installment_id = installment.id AND prompt.kind = ANY(%(demands)s)
                                   AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL
JOIN notifications_duty AS duty ON duty.prompt_id = prompt.id AND duty.status IN ('waiting', 'passed_on')
                               AND duty.due_at > %(now)s
WHERE installment.loan_id = ANY(ARRAY({LOANS})) AND {_HOLDS}
ORDER BY prompt.id
"""  # noqa: S608  (nothing of it comes from outside)
_DOUBTED_AS_PLANNED: Final = f"""
UPDATE notifications_duty AS duty SET status = 'void', settled_at = %(now)s
FROM notifications_prompt AS prompt JOIN loans_installment AS installment ON installment.id = prompt.installment_id
WHERE duty.prompt_id IN ({PLANNED}) AND duty.status IN ('waiting', 'passed_on') AND prompt.id = duty.prompt_id
  AND prompt.kind = ANY(%(demands)s) AND {_HOLDS}
"""  # noqa: S608
_DEMANDS: Final = list(Prompt.HELD_BY_DISPUTE)


def let_off(prompt_ids: Collection[int], *, why: str, now: datetime) -> None:
    """No firm need send these any more: `why`, in words for the record, is told to firms as a code."""
    if not prompt_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LET_OFF, {"prompts": list(prompt_ids), "now": now})
        turns = dict(cursor.fetchall())
    tell_let_off(turns, why=why, now=now)


def let_off_doubted(now: datetime) -> int:
    """The same of all that firms would demand and a bank may have booked; returns how many those are."""
    with connection.cursor() as cursor:
        cursor.execute(_DOUBTED, {"demands": _DEMANDS, "now": now})
        prompt_ids = [row[0] for row in cursor.fetchall()]
    with transaction.atomic():
        let_off(prompt_ids, why=IN_DOUBT, now=now)
    return len(prompt_ids)


def let_off_as_planned(now: datetime) -> None:
    """The same of what has just been planned (`planning_duty`), of which no firm has heard yet."""
    with connection.cursor() as cursor:
        cursor.execute(_DOUBTED_AS_PLANNED, {"demands": _DEMANDS, "now": now})


def tell_let_off(turns: Mapping[int, str], *, why: str, now: datetime) -> None:
    """Tell the firms whose turn it was that these duties are void: by the id of each, the status that it had."""
    if not turns:
        return
    whose = {}
    for duty in Duty.objects.filter(pk__in=turns).select_related("responsible", "backup").order_by("pk"):
        passed_on = duty.backup if turns[duty.pk] == Duty.Status.PASSED_ON else None
        whose[duty.prompt_id] = (passed_on or duty.responsible).code
    tell_withdrawn(whose, why=why, at=now)
