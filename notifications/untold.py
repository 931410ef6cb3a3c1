"""Keeps on record who fell overdue untold and without a person on the case: the promise was broken, and somebody says
how it came about.

Coverage looks ahead and closes its alarms itself, so it forgets at midnight whom it was about, and what fell due while
nothing ran it never saw. This looks back, as far as overdue prompts are planned, and its alarms close by hand.
"""

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db import connection

from accounts.models import User
from notifications.calendar import OVERDUE_WINDOW
from notifications.clock import Clock
from notifications.coverage import GRACE
from notifications.named import NAMES_IT
from notifications.timing import at_local, local_day

DETAIL: Final = "Fell overdue, and nobody had told its borrower: call them, and write down how it came about."

# OFFSET 0 keeps each question a look-up by an index for one installment; as a join it would read whole tables.
# One that names several tells those that it names. What was handed over in time and may still prove that it arrived is
# waited for: it becomes unconfirmed, or its receipt is read. A clock by which it arrived before it was planned is
# wrong: then it arrived when its receipt came.
_TOLD_BY_MESSAGE: Final = f"""
SELECT FROM notifications_delivery AS delivery
WHERE delivery.prompt_id = COALESCE(prompt.told_with_id, prompt.id)
  AND {NAMES_IT.format(delivery="delivery")}
  AND (delivery.delivered_at < day.ends
       OR delivery.status = 'delivered' AND EXISTS (
          SELECT FROM notifications_receipt AS receipt
          WHERE receipt.delivery_id = delivery.id AND receipt.kind = 'delivered'
            AND LEAST(CASE WHEN receipt.occurred_at >= prompt.planned_at THEN receipt.occurred_at END,
                      receipt.received_at) < day.ends OFFSET 0)
       OR delivery.channel <> 'in_app' AND COALESCE(delivery.sent_at, delivery.handed_at) < day.ends
          AND (delivery.status IN ('sending', 'sent')
               OR delivery.status = 'unconfirmed' AND EXISTS (
                  SELECT FROM notifications_callback AS unread
                  WHERE unread.applied_at IS NULL AND unread.received_at < %(known_by)s OFFSET 0)))
OFFSET 0
"""  # noqa: S608  (nothing of it comes from outside)
# By the due day somebody had taken it, or came to try. That it was not needed, or lay with nobody, told nobody.
_WITH_A_PERSON: Final = """task.created_at < day.ends
            AND (task.status = 'open' AND task.assignee_id IS NOT NULL
                 OR task.outcome IN ('told', 'not_reached', 'contact_mended')) OFFSET 0"""
_TOLD: Final = f"""
SELECT FROM notifications_prompt AS prompt
WHERE prompt.installment_id = installment.id AND prompt.version = installment.version
  AND prompt.kind IN ('upcoming', 'schedule_changed') AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL
  AND (EXISTS ({_TOLD_BY_MESSAGE})
       OR EXISTS (
          SELECT FROM notifications_acknowledgement AS answer
          WHERE answer.prompt_id = prompt.id AND answer.acknowledged_at < day.ends OFFSET 0)
       OR EXISTS (
          SELECT FROM notifications_agenttask AS task
          WHERE task.prompt_id = COALESCE(prompt.told_with_id, prompt.id) AND {_WITH_A_PERSON})
       OR EXISTS (
          SELECT FROM notifications_duty AS duty JOIN notifications_firmtelling AS word ON word.id = duty.telling_id
          WHERE duty.prompt_id = prompt.id AND duty.status = 'met' AND word.proof NOT IN ('accepted', 'failed')
            AND word.sent_at < day.ends OFFSET 0))
OFFSET 0
"""  # noqa: S608  (nothing of it comes from outside)
# That it came back is the reminder of what is owed again at its stage of before, where it has a deadline
# (`returned_deadlines`); else it names no due date, and a later stage does.
_TOLD_THAT_IT_CAME_BACK: Final = f"""
SELECT FROM loans_payment AS payment
JOIN notifications_prompt AS prompt
  ON prompt.payment_id = payment.id AND prompt.kind = 'payment_returned' AND prompt.voided_at IS NULL
 AND prompt.deadline IS NOT NULL AND prompt.planned_at >= installment.known_at
WHERE payment.installment_id = installment.id AND payment.status = 'returned'
  AND (EXISTS ({_TOLD_BY_MESSAGE}) OR EXISTS (
          SELECT FROM notifications_agenttask AS task
          WHERE task.prompt_id = prompt.id AND {_WITH_A_PERSON}))
OFFSET 0
"""  # noqa: S608
# One that an agent took up by the alarm of coverage: told were the figures that they were shown. Who has it has those
# that hold; a try that ended before they did was about others.
_TAKEN_UP: Final = f"""
SELECT FROM notifications_agenttask AS task
WHERE task.installment_id = installment.id AND task.kind = 'untold'
  AND CASE WHEN task.outcome = 'told' THEN task.version = installment.version
           ELSE COALESCE(task.done_at >= installment.known_at, TRUE) END
  AND {_WITH_A_PERSON}
"""
# What came back, or was decided, after the due day was not to be paid on it.
_PAID_THEN: Final = """
SELECT FROM loans_payment AS payment
WHERE payment.installment_id = installment.id AND payment.amount >= installment.outstanding
  AND LEAST(payment.received_at, payment.settled_at) < day.ends
  AND COALESCE(payment.returned_at, payment.given_up_at) >= day.ends
OFFSET 0
"""
_HELD: Final = """
SELECT FROM loans_outagehold AS hold
WHERE hold.installment_id = installment.id AND (hold.held_until IS NULL OR hold.held_until > day.ends)
OFFSET 0
"""
# As the index of alarms has it: open, or closed by a person.
_ON_RECORD: Final = """
SELECT FROM notifications_alarm AS alarm
WHERE alarm.kind = 'untold' AND alarm.subject = 'untold:' || installment.id || ':' || installment.version
  AND (alarm.closed_at IS NULL OR alarm.closed_by_id IS NOT NULL)
OFFSET 0
"""
_OPEN: Final = f"""
INSERT INTO notifications_alarm (kind, subject, detail, facts, borrower_id, due_on, opened_at, closed_because)
SELECT 'untold', 'untold:' || installment.id || ':' || installment.version, %(detail)s,
       jsonb_build_object('loan', loan.id), loan.borrower_id, installment.due_on, %(now)s, ''
FROM loans_installment AS installment
JOIN loans_loan AS loan ON loan.id = installment.loan_id
JOIN accounts_user AS person ON person.id = loan.borrower_id
JOIN unnest(%(zones)s::text[], %(days)s::date[], %(ends)s::timestamptz[]) AS day (zone, due_on, ends)
  ON day.zone = person.time_zone AND day.due_on = installment.due_on
WHERE installment.state = 'open' AND installment.due_on BETWEEN %(first)s AND %(last)s
  AND installment.known_at < day.ends
  AND (installment.asked_again_at IS NULL OR installment.asked_again_at < day.ends)
  AND NOT EXISTS ({_ON_RECORD}) AND NOT EXISTS ({_TOLD}) AND NOT EXISTS ({_HELD}) AND NOT EXISTS ({_PAID_THEN})
  AND NOT EXISTS ({_TOLD_THAT_IT_CAME_BACK}) AND NOT EXISTS ({_TAKEN_UP})
ORDER BY installment.id
ON CONFLICT DO NOTHING
"""  # noqa: S608


def look_back(clock: Clock) -> int:
    """Open an alarm for each installment that fell overdue untold, once a version; returns how many are new.

    Told in time is what was proved before the due day was over where the borrower is: it arrived, they said that they
    know, or a firm says that it arrived. Who was with a person by then is not among them: what came of it is on record
    with the task. A task that nobody took, or that was called not needed, is no person on the case.
    """
    days = _days(clock.now)
    if not days:
        return 0
    zones, due, ends = (list(column) for column in zip(*days, strict=True))
    parameters: dict[str, Any] = {"zones": zones, "days": due, "ends": ends, "first": min(due), "last": max(due)}
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {**parameters, "known_by": clock.now - GRACE, "now": clock.now, "detail": DETAIL})
        new: int = cursor.rowcount
    return new


def _days(now: datetime) -> list[tuple[str, date, datetime]]:
    """The due days that are over, and have been for `GRACE`, in each time zone, each with when it ended, UTC."""
    days = []
    for name in sorted({name for _jurisdiction, name in User.objects.places()}):
        zone = User(time_zone=name).zone
        today = local_day(now - GRACE, zone)
        due = [today - timedelta(days=late) for late in range(1, OVERDUE_WINDOW + 1)]
        days += [(name, day, at_local(day + timedelta(days=1), time.min, zone)) for day in due]
    return days
