"""Takes a firm's turn back while what it would tell may be paid, and gives it again where time is left of it.

The law is that of the portal's own message: nothing is demanded that a bank may have booked (`in_doubt`), nor what a
message that nobody has applied may say to be paid (`halting`). A payment, a dispute and an outage end the prompt, and
the turn with it (`letting_off`); a doubt only holds it. Where its end leaves the firm no time, the portal tells.
"""

from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction

from notifications import duty_statements
from notifications.clock import Clock
from notifications.halting import unread_firms
from notifications.in_doubt import HOLDS, LOANS
from notifications.letting_off import tell_let_off
from notifications.models import Prompt
from notifications.partner_news import IN_DOUBT, tell_due_again

AT_LEAST: Final = timedelta(hours=1)
"""What a rule gives at least: who is asked for less would be called silent of what nobody could have done."""
_HELD: Final = f"""
({HOLDS.format(loan="loan.id", installment="installment.id")}
 OR loan.bank_id = ANY(%(unread)s::bigint[]) OR loan.platform_id = ANY(%(unread)s::bigint[]))
"""
# Whoever applies a firm's word locks duties before prompts: what it is at is left to it, and looked at again. Prompts
# of an installment are found by the index of those that are about nothing else.
_FIND: Final = """
SELECT own.id, own.status
FROM notifications_duty AS own
JOIN notifications_prompt AS prompt ON prompt.id = own.prompt_id AND prompt.status = 'active'
                                   AND prompt.voided_at IS NULL AND prompt.kind = ANY(%(demands)s)
                                   AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL
JOIN loans_installment AS installment ON installment.id = prompt.installment_id
JOIN loans_loan AS loan ON loan.id = installment.loan_id
WHERE {which}
ORDER BY own.id FOR NO KEY UPDATE OF own SKIP LOCKED
"""
_HOLD: Final = """
UPDATE notifications_duty AS duty SET status = 'held'
FROM ({found}) AS before
WHERE duty.id = before.id
RETURNING duty.id, before.status
"""
_OPEN: Final = f"own.status IN ('waiting', 'passed_on') AND {_HELD}"
_HOLD_PLANNED: Final = _HOLD.format(
    found=_FIND.format(which=f"own.prompt_id IN ({duty_statements.PLANNED}) AND {_OPEN}")
)
_HOLD_DOUBTED: Final = _HOLD.format(found=_FIND.format(which=f"installment.loan_id = ANY(ARRAY({LOANS})) AND {_OPEN}"))
_FREE: Final = f"own.status = 'held' AND own.portal_at > %(soon)s AND NOT {_HELD}"
_GIVE: Final = f"""
UPDATE notifications_duty AS duty
SET status = CASE WHEN duty.report_by > %(soon)s THEN 'waiting' ELSE 'passed_on' END,
    due_at = CASE WHEN duty.report_by > %(soon)s THEN duty.report_by ELSE duty.portal_at END
FROM ({_FIND.format(which=_FREE)}) AS before
WHERE duty.id = before.id
RETURNING duty.id, duty.status
"""  # noqa: S608  (nothing of it comes from outside)


def hold_planned() -> None:
    """Hold those of the duties that have just been planned (`planning_duty`) whose message would wait, too. Run it
    before firms are told of their turns. The calendar plans none of what is held.
    """
    _move(_HOLD_PLANNED, unread=sorted(unread_firms()))


@transaction.atomic
def follow_doubts(clock: Clock) -> int:
    """Take back the turns of firms about what has come to be in doubt, and give those that are held no more; returns
    how many were moved. Each is told at once.
    """
    held = _move(_HOLD_DOUBTED, unread=[])
    tell_let_off(held, why=IN_DOUBT, now=clock.now)
    soon = clock.now + AT_LEAST * clock.pace
    given = _move(_GIVE, unread=sorted(unread_firms()), soon=soon)
    tell_due_again(given, at=clock.now)
    return len(held) + len(given)


def _move(statement: str, **parameters: Any) -> dict[int, str]:
    """By the id of each duty that it moves, a status: of before where it is held, else the new one."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"demands": list(Prompt.HELD_BY_DISPUTE), **parameters})
        return dict(cursor.fetchall())
