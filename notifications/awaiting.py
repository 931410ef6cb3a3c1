"""Bounds the waiting for a bank: what only the platform has seen for too long goes to a person.

Nothing is demanded before or after the bound; what happens then is that person's decision.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from notifications.events import Fact, record_all
from notifications.models import AgentTask, NoticeEvent
from notifications.told_since import TOLD_SINCE

REASON: Final = "the bank does not show what the platform has seen"
ACT_WITHIN: Final = timedelta(days=1)
"""What a person gets to find out in where the money is."""

# Whoever decided to go on waiting is asked again after as many days.
_OPEN: Final = """
INSERT INTO notifications_agenttask (borrower_id, installment_id, kind, reason, act_by, status, outcome, note,
                                     created_at)
SELECT loan.borrower_id, installment.id, 'still_waiting', %(reason)s, %(act_by)s, 'open', '', '', %(now)s
FROM loans_difference AS difference
JOIN loans_installment AS installment
  ON installment.id = difference.installment_id AND installment.state = 'awaiting_bank'
JOIN loans_loan AS loan ON loan.id = installment.loan_id
JOIN loans_partner AS bank ON bank.id = loan.bank_id
WHERE difference.ended_at IS NULL AND difference.kind <> 'schedule'
  AND difference.since + bank.awaiting_bank_days * interval '24 hours' <= %(now)s
  AND NOT EXISTS (
    SELECT 1 FROM notifications_agenttask AS earlier
    WHERE earlier.installment_id = installment.id AND earlier.kind = 'still_waiting'
      AND earlier.borrower_id = loan.borrower_id
      AND (earlier.status = 'open' OR earlier.done_at + bank.awaiting_bank_days * interval '24 hours' > %(now)s))
ORDER BY installment.id
ON CONFLICT DO NOTHING
RETURNING id, borrower_id, installment_id
"""
# Whoever was just shown the number may be on the phone, and will say what came of it.
_CLOSE: Final = f"""
UPDATE notifications_agenttask AS task SET status = 'done', outcome = 'not_needed', done_at = %(now)s
FROM loans_installment AS installment JOIN loans_loan AS loan ON loan.id = installment.loan_id
WHERE task.kind IN ('still_waiting', 'untold') AND task.status = 'open' AND installment.id = task.installment_id
  AND (installment.state <> CASE task.kind WHEN 'untold' THEN 'open' ELSE 'awaiting_bank' END
       OR loan.borrower_id <> task.borrower_id
       OR task.kind = 'untold' AND {TOLD_SINCE.format(since="task.created_at")} AND NOT EXISTS (
          SELECT FROM notifications_noticeevent AS shown
          WHERE shown.borrower_id = task.borrower_id AND shown.kind = 'revealed'
            AND shown.at > %(now)s - interval '1 hour' AND (shown.data ->> 'task')::bigint = task.id OFFSET 0))
"""  # noqa: S608  (nothing of it comes from outside)


@transaction.atomic
def bound_waiting(now: datetime) -> int:
    """Open a task for each installment that has waited for its bank longer than that one may take, and close those of
    installments that wait no more, are no longer owed or were told since where an alarm was about them, or whose loan
    is another borrower's; returns how many were opened.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"now": now})
        cursor.execute(_OPEN, {"now": now, "act_by": now + ACT_WITHIN, "reason": REASON})
        opened = cursor.fetchall()
    record_all(
        (
            Fact(
                kind=NoticeEvent.Kind.ESCALATED,
                borrower_id=borrower_id,
                installment_id=installment_id,
                data={"task": task_id, "why": REASON, "kind": AgentTask.Kind.STILL_WAITING.value},
            )
            for task_id, borrower_id, installment_id in opened
        ),
        at=now,
    )
    return len(opened)
