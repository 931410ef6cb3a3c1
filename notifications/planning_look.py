"""Finds what nothing is planned about yet, before anything is joined, since nearly always there is nothing.

Each statement writes into `planning_fresh`. `last` is the latest stage that a due date has reached: who was told of it,
or of a later one, is done with for now.
"""

from typing import Final

from notifications.planning_statements import PLAN_OF

_UNPLANNED: Final = """
  AND NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS prompt
    WHERE prompt.installment_id = {row}.id AND prompt.kind = %(kind)s AND prompt.version = {row}.version
      AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL
      AND CASE %(kind)s WHEN 'upcoming' THEN prompt.stage <= day.last ELSE prompt.stage >= day.last END)
"""
_UNPLANNED_INSTALLMENT: Final = _UNPLANNED.format(row="installment")
_COLUMNS: Final = """
SELECT installment.id, installment.loan_id, installment.version, installment.due_on, installment.known_at, day.last,
       NULL::bigint AS borrower_id"""
FRESH: Final = f"""
CREATE TEMPORARY TABLE planning_fresh AS {_COLUMNS}
FROM unnest(%(days)s::date[], %(lasts)s::int[]) AS day (due_on, last)
JOIN loans_installment AS installment ON installment.due_on = day.due_on AND installment.state = 'open'
WHERE installment.due_on BETWEEN %(first_due)s AND %(last_due)s{_UNPLANNED_INSTALLMENT}"""
# Where it is still yesterday, or people work on other days, a due date has reached another stage or none. Those people
# are found by what others have reached, in the index as all the rest, and only then looked at by their own: each minute
# of the twelve hours between two continents they would be taken for new otherwise, and planned for nothing. Read before
# the join, they would be joined with everybody (OFFSET 0); by id, since mostly there are few.
FRESH_BY_PLACE: Final = f"""
INSERT INTO planning_fresh
SELECT found.id, found.loan_id, found.version, found.due_on, found.known_at, day.last, NULL::bigint
FROM ({_COLUMNS}
    FROM unnest(%(split_days)s::date[], %(split_firsts)s::int[]) AS day (due_on, last)
    JOIN loans_installment AS installment ON installment.due_on = day.due_on AND installment.state = 'open'
    WHERE installment.due_on BETWEEN %(split_first)s AND %(split_last)s{_UNPLANNED_INSTALLMENT}{{usual}}
    OFFSET 0) AS found
JOIN loans_loan AS loan ON loan.id = found.loan_id
JOIN accounts_user AS person ON person.id = loan.borrower_id
JOIN unnest(%(split_laws)s::text[], %(split_zones)s::text[], %(split_due)s::date[], %(split_lasts)s::int[])
     AS day (law, zone, due_on, last)
  ON day.due_on = found.due_on AND day.law = person.jurisdiction AND day.zone = person.time_zone
WHERE true{_UNPLANNED.format(row="found")}"""  # noqa: S608 - our own words
# The loans that have another plan would be found anew on days whose stage is another by that.
FOR_THE_USUAL_PLAN: Final = """
  AND (installment.due_on <> ALL(%(apart_days)s) OR NOT EXISTS (
    SELECT FROM loans_loan AS loan
    JOIN notifications_leadplan AS plan
      ON plan.partner_id IN (loan.platform_id, loan.bank_id) AND plan.product IN ('', loan.product)
    WHERE loan.id = installment.loan_id
    OFFSET 0))
"""
# Found by their partners: one with leads of sixty days is no reason to read two months of everybody's.
FRESH_APART: Final = f"""
INSERT INTO planning_fresh {_COLUMNS}
FROM loans_loan AS loan
JOIN accounts_user AS person ON person.id = loan.borrower_id
JOIN loans_installment AS installment ON installment.loan_id = loan.id AND installment.state = 'open'
JOIN unnest(%(apart_plans)s::bigint[], %(apart_laws)s::text[], %(apart_zones)s::text[], %(apart_due)s::date[],
            %(apart_lasts)s::int[]) AS day (plan, law, zone, due_on, last)
  ON day.due_on = installment.due_on AND day.law = person.jurisdiction AND day.zone = person.time_zone
WHERE (loan.platform_id = ANY(%(apart_partners)s) OR loan.bank_id = ANY(%(apart_partners)s))
  AND installment.due_on BETWEEN %(apart_first)s AND %(apart_last)s
  AND day.plan = {PLAN_OF.format(loan="loan")}{_UNPLANNED_INSTALLMENT}"""
