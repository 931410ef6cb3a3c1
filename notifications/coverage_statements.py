"""The statements behind `coverage`: what is due soon and nobody tells, and the alarms about it."""

from typing import Final

from notifications.named import NAMES_IT
from notifications.planning_statements import PLAN_OF

_DUE: Final = """installment.loan_id = loan.id AND installment.state = 'open' AND installment.known_at < %(known_by)s
 AND installment.due_on BETWEEN place.first AND place.last"""
_WITH_A_PERSON: Final = "task.status = 'open' AND (task.assignee_id IS NOT NULL OR task.act_by > %(now)s)"
"""A task that nobody has taken covers as long as there is time to act."""
# What a ladder ended at midnight, since a later stage has begun, has as long to be planned as new figures have. An open
# task covers nobody where no person works any more before the due date is over. That a payment came back names
# no due date: it is the reminder where it has a deadline, else it covers until the next stage at the latest. Whom a
# message has reached was told, though nobody has looked at their ladder since.
_NOBODY_TELLS: Final = f"""
    NOT EXISTS (
        SELECT 1 FROM notifications_prompt AS prompt
        LEFT JOIN notifications_prompt AS leader ON leader.id = prompt.told_with_id
        WHERE prompt.installment_id = installment.id AND prompt.kind = 'upcoming'
          AND prompt.version = installment.version
          AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL AND prompt.voided_at IS NULL
          AND (prompt.status IN ('told', 'acknowledged')
               OR prompt.status = 'active' AND COALESCE(leader.reason, prompt.reason) <> %(faulty)s
                  AND COALESCE(leader.look_again_at, prompt.look_again_at) > %(known_by)s
               OR prompt.status = 'cancelled' AND prompt.reason = %(overtaken)s
                  AND COALESCE(leader.look_again_at, prompt.look_again_at) > %(known_by)s
               OR prompt.status = 'firm_told' AND prompt.look_again_at > %(known_by)s
               OR prompt.status = 'escalated' AND installment.due_on >= place.works_on AND EXISTS (
                  SELECT 1 FROM notifications_agenttask AS task
                  WHERE task.prompt_id = COALESCE(prompt.told_with_id, prompt.id) AND {_WITH_A_PERSON})
               OR prompt.status IN ('active', 'escalated') AND EXISTS (
                  SELECT 1 FROM notifications_delivery AS arrived
                  WHERE arrived.prompt_id = COALESCE(prompt.told_with_id, prompt.id) AND arrived.status = 'delivered'
                    AND {NAMES_IT.format(delivery="arrived")}
                  OFFSET 0)))
      AND NOT EXISTS (
        SELECT 1 FROM loans_payment AS payment
        JOIN notifications_prompt AS prompt
          ON prompt.payment_id = payment.id AND prompt.kind = 'payment_returned' AND prompt.voided_at IS NULL
         AND prompt.planned_at >= installment.known_at
        WHERE payment.installment_id = installment.id AND payment.status = 'returned'
          AND (prompt.status = 'told'
                  AND (prompt.deadline IS NOT NULL OR prompt.planned_at > %(known_by)s - place.gap)
               OR prompt.status = 'active' AND prompt.reason <> %(faulty)s AND prompt.look_again_at > %(known_by)s
               OR prompt.status = 'escalated' AND EXISTS (
                  SELECT 1 FROM notifications_agenttask AS task
                  WHERE task.prompt_id = prompt.id AND {_WITH_A_PERSON})
               OR prompt.status IN ('active', 'escalated')
                  AND (prompt.deadline IS NOT NULL OR prompt.planned_at > %(known_by)s - place.gap)
                  AND EXISTS (
                  SELECT 1 FROM notifications_delivery AS arrived
                  WHERE arrived.prompt_id = prompt.id AND arrived.status = 'delivered' OFFSET 0))
        OFFSET 0)"""  # noqa: S608  (nothing of it comes from outside)
USUAL: Final = f"""
    SELECT installment.id, loan.borrower_id, installment.due_on, installment.version, place.works_on
    FROM unnest(%(jurisdictions)s::text[], %(zones)s::text[], %(firsts)s::date[], %(lasts)s::date[],
                %(for_all_until)s::date[], %(works_on)s::date[], %(gaps)s::interval[])
         AS place (jurisdiction, zone, first, last, for_all_until, works_on, gap)
    JOIN accounts_user AS person ON person.time_zone = place.zone AND person.jurisdiction = place.jurisdiction
    JOIN loans_loan AS loan ON loan.borrower_id = person.id
    JOIN loans_installment AS installment
      ON {_DUE}
     AND installment.due_on BETWEEN %(first)s AND %(last)s
    WHERE {_NOBODY_TELLS}"""  # noqa: S608  (nothing of it comes from outside)
# What is due later than the shortest leads reach is looked at by its own loan's leads.
OF_NO_OTHER_PLAN: Final = f"""
      AND (installment.due_on <= place.for_all_until OR {PLAN_OF.format(loan="loan")} = 0)"""
# Found by their partners, as in planning: long leads of one are no reason to read two months of everybody's.
APART: Final = f"""
    UNION ALL
    SELECT installment.id, loan.borrower_id, installment.due_on, installment.version, place.works_on
    FROM loans_loan AS loan
    JOIN accounts_user AS person ON person.id = loan.borrower_id
    JOIN unnest(%(apart_plans)s::bigint[], %(apart_laws)s::text[], %(apart_zones)s::text[], %(apart_firsts)s::date[],
                %(apart_lasts)s::date[], %(apart_works_on)s::date[], %(apart_gaps)s::interval[])
         AS place (plan, jurisdiction, zone, first, last, works_on, gap)
      ON person.time_zone = place.zone AND person.jurisdiction = place.jurisdiction
    JOIN loans_installment AS installment
      ON {_DUE}
    WHERE (loan.platform_id = ANY(%(apart_partners)s) OR loan.bank_id = ANY(%(apart_partners)s))
      AND place.plan = {PLAN_OF.format(loan="loan")} AND {_NOBODY_TELLS}"""  # noqa: S608
# Looked up once for both, and kept (MATERIALIZED, NOT IN): by statistics, which know of no open alarm, it would be done
# anew for each of them, and the sweep that says that nobody is at work would not end in the hour for which it is made.
# Nothing is closed and opened at once, so that the two writes do not meet. Whether an agent took up the alarm itself is
# asked of those alone whom nobody tells otherwise.
WATCH: Final = """
WITH untold AS MATERIALIZED ({uncovered}),
uncovered AS MATERIALIZED (
    SELECT 'installment:' || untold.id AS subject, untold.borrower_id, untold.due_on FROM untold
    WHERE NOT EXISTS (
        SELECT FROM notifications_agenttask AS task
        WHERE task.installment_id = untold.id AND task.kind = 'untold'
          AND (task.outcome = 'told' AND task.version = untold.version
               OR task.status = 'open' AND task.assignee_id IS NOT NULL AND untold.due_on >= untold.works_on)
        OFFSET 0)),
covered AS (
    UPDATE notifications_alarm SET closed_at = %(now)s
    WHERE kind = 'coverage' AND closed_at IS NULL AND subject NOT IN (SELECT subject FROM uncovered))
INSERT INTO notifications_alarm AS alarm (kind, subject, detail, facts, borrower_id, due_on, opened_at, closed_because)
SELECT 'coverage', subject, %(detail)s, '{{}}', borrower_id, due_on, %(now)s, '' FROM uncovered
ON CONFLICT (kind, subject) WHERE closed_at IS NULL OR closed_by_id IS NOT NULL
DO UPDATE SET borrower_id = excluded.borrower_id, due_on = excluded.due_on
WHERE (alarm.borrower_id, alarm.due_on) IS DISTINCT FROM (excluded.borrower_id, excluded.due_on)
"""
