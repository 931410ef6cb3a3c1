"""Proves that nobody is forgotten: every installment that is due soon is being told, was told, or is with a person.

Where that does not hold an alarm is open, whatever the reason: a planner that does not run, workers that do not, a
person whom no channel reached and nobody follows.
"""

from datetime import date, timedelta
from typing import Any, Final

from django.db import connection, transaction

from accounts.models import User
from notifications.calendar import days_ahead
from notifications.clock import Clock
from notifications.models import Alarm
from notifications.slots import plans_of_leads, working_days
from notifications.timing import local_day

GRACE: Final = timedelta(minutes=10)
"""What planning may take, and how late a ladder may be looked at."""

# An open task covers nobody where no person works any more before the due date is over. That a payment came back names
# no due date: it is the reminder where it has a deadline, else it covers until the next stage, four days at most by the
# usual leads.
_UNCOVERED: Final = """
uncovered AS (
    SELECT 'installment:' || installment.id AS subject, loan.borrower_id, installment.due_on
    FROM unnest(%(jurisdictions)s::text[], %(zones)s::text[], %(firsts)s::date[], %(lasts)s::date[],
                %(works_on)s::date[]) AS place (jurisdiction, zone, first, last, works_on)
    JOIN accounts_user AS person ON person.time_zone = place.zone AND person.jurisdiction = place.jurisdiction
    JOIN loans_loan AS loan ON loan.borrower_id = person.id
    JOIN loans_installment AS installment
      ON installment.loan_id = loan.id AND installment.state = 'open' AND installment.known_at < %(known_by)s
     AND installment.due_on BETWEEN place.first AND place.last
     AND installment.due_on BETWEEN %(first)s AND %(last)s
    WHERE NOT EXISTS (
        SELECT 1 FROM notifications_prompt AS prompt
        LEFT JOIN notifications_prompt AS leader ON leader.id = prompt.told_with_id
        WHERE prompt.installment_id = installment.id AND prompt.kind = 'upcoming'
          AND prompt.version = installment.version
          AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL AND prompt.voided_at IS NULL
          AND (prompt.status IN ('told', 'acknowledged')
               OR prompt.status = 'active'
                  AND COALESCE(leader.look_again_at, prompt.look_again_at) > %(known_by)s
               OR prompt.status = 'firm_told' AND prompt.look_again_at > %(known_by)s
               OR prompt.status = 'escalated' AND installment.due_on >= place.works_on AND EXISTS (
                  SELECT 1 FROM notifications_agenttask AS task
                  WHERE task.prompt_id = COALESCE(prompt.told_with_id, prompt.id) AND task.status = 'open')
               OR prompt.status = 'escalated' AND EXISTS (
                  SELECT 1 FROM notifications_delivery AS again
                  WHERE again.prompt_id = COALESCE(prompt.told_with_id, prompt.id) AND again.status = 'delivered'
                    AND again.channel <> 'in_app'
                    AND (again.facts -> 'items' IS NULL OR EXISTS (
                        SELECT FROM jsonb_array_elements(again.facts -> 'items') AS item
                        WHERE (item ->> 3)::bigint = installment.id))
                  OFFSET 0)))
      AND NOT EXISTS (
        SELECT 1 FROM loans_payment AS payment
        JOIN notifications_prompt AS prompt
          ON prompt.payment_id = payment.id AND prompt.kind = 'payment_returned' AND prompt.voided_at IS NULL
         AND prompt.planned_at >= installment.known_at
        WHERE payment.installment_id = installment.id AND payment.status = 'returned'
          AND (prompt.status = 'told'
                  AND (prompt.deadline IS NOT NULL OR prompt.planned_at > %(known_by)s - interval '4 days')
               OR prompt.status = 'active' AND prompt.look_again_at > %(known_by)s
               OR prompt.status = 'escalated' AND EXISTS (
                  SELECT 1 FROM notifications_agenttask AS task
                  WHERE task.prompt_id = prompt.id AND task.status = 'open'))
        OFFSET 0))
"""
_OPEN: Final = f"""
WITH {_UNCOVERED}
INSERT INTO notifications_alarm (kind, subject, detail, facts, borrower_id, due_on, opened_at, closed_because)
SELECT 'coverage', subject, %(detail)s, '{{}}', borrower_id, due_on, %(now)s, '' FROM uncovered
ON CONFLICT DO NOTHING
"""  # noqa: S608  (nothing of it comes from outside)
_CLOSE: Final = f"""
WITH {_UNCOVERED}
UPDATE notifications_alarm SET closed_at = %(now)s
WHERE kind = 'coverage' AND closed_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM uncovered WHERE uncovered.subject = notifications_alarm.subject)
"""  # noqa: S608
DETAIL: Final = "Nobody is telling this borrower: look at the planner and the workers, then call the borrower."


def check_coverage(clock: Clock) -> int:
    """Open an alarm for each installment that nobody is being told about, and close those of the others.

    It looks as far ahead as all plans of leads do. Returns how many alarms are open.
    """
    parameters = {**_places(clock), "known_by": clock.now - GRACE, "now": clock.now, "detail": DETAIL}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLOSE, parameters)
        cursor.execute(_OPEN, parameters)
    return Alarm.objects.open().filter(kind=Alarm.Kind.COVERAGE).count()


def _places(clock: Clock) -> dict[str, Any]:
    """Where people live, and what is due soon there: from `firsts` to `lasts`; `works_on` is when a person is there."""
    places, plans = User.objects.places(), plans_of_leads()
    firsts, lasts, works_on = list[date](), list[date](), list[date]()
    for jurisdiction, name in places:
        today, days = local_day(clock.now - GRACE, User(time_zone=name).zone), working_days(jurisdiction)
        firsts.append(today)
        lasts.append(today + timedelta(days=min(days_ahead(today, plan.leads, days) for plan in plans)))
        works_on.append(days.next_working_day(today - timedelta(days=1)))
    return {
        "jurisdictions": [jurisdiction for jurisdiction, _name in places],
        "zones": [name for _jurisdiction, name in places],
        "firsts": firsts,
        "lasts": lasts,
        "works_on": works_on,
        "first": min(firsts, default=clock.now.date()),
        "last": max(lasts, default=clock.now.date()),
    }
