"""The statements behind `planning`: where candidates come from, and what is written for each. `planning_look` finds of
what nothing is planned yet.
"""

from typing import Final

from notifications.in_doubt import HOLDS
from notifications.needed import HELD_BY_ANY, LASTS, is_news

# Plan 0 is for loans without a plan of their own; one for the product comes before one for the partner.
PLAN_OF: Final = """COALESCE((
    SELECT plan.id FROM notifications_leadplan AS plan
    WHERE plan.partner_id IN ({loan}.platform_id, {loan}.bank_id) AND plan.product IN ('', {loan}.product)
    ORDER BY plan.product = '', plan.partner_id = {loan}.bank_id LIMIT 1), 0)"""
# For portions: each is then found by its people, and a portion of twenty thousand does not read a million for each.
IN_ORDER: Final = """
CREATE TEMPORARY TABLE planning_ordered AS
SELECT fresh.id, fresh.loan_id, fresh.version, fresh.due_on, fresh.known_at, fresh.last, loan.borrower_id
FROM planning_fresh AS fresh JOIN loans_loan AS loan ON loan.id = fresh.loan_id
ORDER BY loan.borrower_id;
DROP TABLE planning_fresh;
ALTER TABLE planning_ordered RENAME TO planning_fresh;
CREATE INDEX ON planning_fresh (borrower_id);
ANALYZE planning_fresh
"""
# The last person of each portion. The first one is a fifth of the others, since the senders wait for it.
BOUNDS: Final = """
SELECT DISTINCT max(borrower_id) AS last
FROM (SELECT borrower_id, (row_number() OVER (ORDER BY borrower_id) - 1 + %(portion)s - %(portion)s / 5) / %(portion)s
      FROM planning_fresh) AS counted (borrower_id, portion)
GROUP BY portion
ORDER BY last
"""
# What is owed is read, with the first way to its borrower, before it is joined with the slots: the other way round,
# every person stands there once a day, and what comes after that join is taken to be few.
# A stage is not planned once a later one is: where clocks are put back, time has passed it by all the same.
INSTALLMENTS: Final = """
SELECT COALESCE(owed.known_at < slot.known_by, false) AS late,
       owed.borrower_id, owed.installment_id, NULL::bigint AS payment_id, NULL::bigint AS dispute_id,
       slot.stage, owed.version, slot.moment, slot.deadline, slot.held_by, slot.details,
       slot.due_on, owed.bank_id, owed.platform_id, owed.currency, slot.plan, owed.known_at, owed.time_zone, {chosen}
FROM (
    SELECT loan.borrower_id, fresh.id AS installment_id, fresh.version, fresh.due_on, fresh.last, fresh.known_at,
           loan.id AS loan_id, loan.bank_id, loan.platform_id, loan.currency, loan.product, person.time_zone,
           person.jurisdiction, {columns}
    FROM planning_fresh AS fresh
    JOIN loans_loan AS loan ON loan.id = fresh.loan_id
    JOIN accounts_user AS person ON person.id = loan.borrower_id AND {those_people}
    {joins}
    WHERE {those} AND {those_fresh}
    OFFSET 0) AS owed
JOIN unnest(%(jurisdictions)s::text[], %(zones)s::text[], %(plans)s::int[], %(due_on)s::date[], %(stages)s::int[],
            %(moments)s::timestamptz[], %(deadlines)s::timestamptz[], %(rules)s::text[], %(details)s::jsonb[],
            %(known_by)s::timestamptz[])
     AS slot (jurisdiction, zone, plan, due_on, stage, moment, deadline, held_by, details, known_by)
  ON slot.due_on = owed.due_on AND slot.zone = owed.time_zone AND slot.jurisdiction = owed.jurisdiction
WHERE (slot.stage = owed.last OR NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS prompt
    WHERE prompt.installment_id = owed.installment_id AND prompt.kind = %(kind)s
      AND CASE %(kind)s WHEN 'upcoming' THEN prompt.stage <= slot.stage ELSE prompt.stage >= slot.stage END
      AND prompt.version = owed.version AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL))
"""
UNDISPUTED: Final = """
  AND NOT EXISTS (
    SELECT 1 FROM loans_dispute AS dispute
    WHERE dispute.loan_id = owed.loan_id AND dispute.status <> 'decided'
      AND (dispute.installment_id IS NULL OR dispute.installment_id = owed.installment_id))
"""
UNHELD: Final = """
  AND NOT EXISTS (
    SELECT 1 FROM loans_outagehold AS hold
    WHERE hold.installment_id = owed.installment_id AND (hold.held_until IS NULL OR hold.held_until > %(now)s))
"""
APPLIED: Final = """
  AND NOT EXISTS (
    SELECT 1 FROM notifications_alarm AS unread
    WHERE unread.kind = 'unread' AND unread.closed_at IS NULL
      AND (unread.facts ->> 'partner')::bigint IN (owed.bank_id, owed.platform_id))
"""
UNDOUBTED: Final = f"\n  AND NOT {HOLDS.format(loan='owed.loan_id', installment='owed.installment_id')}"
WITH_PLANS: Final = f"\n  AND slot.plan = {PLAN_OF.format(loan='owed')}\n"
_THESE: Final = """
SELECT loan.borrower_id, installment.id AS installment_id, NULL::bigint AS payment_id, NULL::bigint AS dispute_id,
       %(stage)s AS stage, installment.version, %(moment)s::timestamptz AS moment, {deadline} AS deadline,
       %(held_by)s AS held_by, %(details)s::jsonb AS details, installment.due_on, loan.bank_id, loan.platform_id,
       loan.currency{beside}
FROM loans_installment AS installment JOIN loans_loan AS loan ON loan.id = installment.loan_id {joins}
WHERE installment.id = ANY(%(ids)s) AND installment.state = %(state)s
  AND NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS prompt
    WHERE prompt.installment_id = installment.id AND prompt.kind = %(kind)s AND prompt.stage = %(stage)s
      AND prompt.version = installment.version AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL)
"""
THESE: Final = _THESE.format(deadline="NULL::timestamptz", beside="", joins="")
# With what a slot of the calendar is found by: so is who has to send.
THESE_OF_A_SLOT: Final = _THESE.format(
    deadline="%(deadline)s::timestamptz",
    beside=", %(plan)s::int AS plan, person.time_zone",
    joins="JOIN accounts_user AS person ON person.id = loan.borrower_id",
)
# Beside another outage that touches it and is not over, of which its borrower has heard.
UNHEARD: Final = f"""
  AND EXISTS (SELECT FROM loans_outage AS outage WHERE outage.id = %(stage)s AND {LASTS})
  AND NOT EXISTS (
    SELECT FROM notifications_prompt AS heard
    WHERE heard.installment_id = installment.id AND heard.kind = %(kind)s AND heard.version = installment.version
      AND heard.payment_id IS NULL AND heard.dispute_id IS NULL AND heard.voided_at IS NULL
      AND heard.status <> 'cancelled'
      AND EXISTS ({HELD_BY_ANY}installment.id AND outage.id <> %(stage)s))
"""  # noqa: S608  (nothing of it comes from outside)
# What is not so, or is no longer news, is not planned: nobody would claim it.
PAYMENTS: Final = f"""
SELECT loan.borrower_id, payment.installment_id, payment.id AS payment_id, NULL::bigint AS dispute_id, 0 AS stage,
       1 AS version, %(moment)s::timestamptz AS moment, due.deadline, '' AS held_by,
       %(details)s::jsonb AS details, NULL::date AS due_on, loan.bank_id, loan.platform_id, loan.currency
FROM loans_payment AS payment JOIN loans_loan AS loan ON loan.id = payment.loan_id
LEFT JOIN unnest(%(returned)s::bigint[], %(deadlines)s::timestamptz[]) AS due (payment_id, deadline)
       ON due.payment_id = payment.id
LEFT JOIN loans_installment AS paid_for ON paid_for.id = payment.installment_id
WHERE payment.id = ANY(%(ids)s) AND {is_news("%(kind)s")}
"""  # noqa: S608  (our own words)
DISPUTE: Final = """
SELECT dispute.borrower_id, dispute.installment_id, NULL::bigint AS payment_id, dispute.id AS dispute_id,
       %(stage)s AS stage, 1 AS version, %(moment)s::timestamptz AS moment, NULL::timestamptz AS deadline,
       '' AS held_by, %(details)s::jsonb AS details, NULL::date AS due_on, loan.bank_id, loan.platform_id, loan.currency
FROM loans_dispute AS dispute JOIN loans_loan AS loan ON loan.id = dispute.loan_id
WHERE dispute.id = %(dispute_id)s
"""
CLEAR: Final = "DROP TABLE IF EXISTS planning_fresh, planning_unsent, planning_prompt"
"""What an earlier run over this connection has left."""
# What was found anywhere else than in the calendar, with the first way to its borrower.
WITH_WAYS: Final = """
SELECT owed.*, {chosen}
FROM (
    SELECT candidate.*, {columns}
    FROM ({source} OFFSET 0) AS candidate
    {joins}
    OFFSET 0) AS owed
"""
# Whom no channel reaches stands above the last rung: the ladder hands the prompt to a person at its first look.
# People in order: their rows then lie beside each other in the tables and at one place of each index. `beside` says
# that the row before is of the same person; it stands first in its row, where it is read soonest. Of one person those
# that are furthest on by their leads come first.
NUMBER: Final = """
CREATE TEMPORARY TABLE planning_prompt ON COMMIT DROP AS
SELECT nextval('notifications_prompt_id_seq') AS id, ready.*, NULL::bigint AS told_with_id
FROM (
    SELECT COALESCE(lag(found.borrower_id) OVER people = found.borrower_id, false) AS beside, found.*
    FROM ({source}) AS found
    WINDOW people AS (ORDER BY found.borrower_id,
                               CASE %(kind)s WHEN 'upcoming' THEN found.stage ELSE -found.stage END,
                               found.installment_id)
    ORDER BY found.borrower_id, CASE %(kind)s WHEN 'upcoming' THEN found.stage ELSE -found.stage END,
             found.installment_id) AS ready
"""
BESIDE: Final = "SELECT EXISTS (SELECT 1 FROM planning_prompt WHERE beside)"
# Installments of one borrower that fall due together, with the same firms, are one message, whatever stage each has
# reached by its own leads. The first leads, which is furthest on: the words are those of its stage. It has the least
# id, so that who locks all of a message in the order of ids locks it first, as its ladder does.
BUNDLE: Final = """
UPDATE planning_prompt AS prompt SET told_with_id = NULLIF(bundle.leads, prompt.id)
FROM (
    SELECT id, told_with_id,
           min(id) OVER (PARTITION BY borrower_id, due_on, bank_id, platform_id, currency) AS leads
    FROM planning_prompt
    WHERE due_on IS NOT NULL AND borrower_id IN (SELECT borrower_id FROM planning_prompt WHERE beside)
    ) AS bundle
WHERE bundle.id = prompt.id AND bundle.told_with_id IS DISTINCT FROM NULLIF(bundle.leads, bundle.id)
"""
# Where a deadline is near, the ladder looks as soon as the first of its rungs has had its share of the time, so that
# the others have theirs (`Course.patience`).
PROMPTS: Final = """
INSERT INTO notifications_prompt (id, borrower_id, kind, installment_id, payment_id, dispute_id, told_with_id, stage,
                                  version, status, reason, rung, planned_at, tell_at, look_again_at, deadline)
SELECT id, borrower_id, %(kind)s, installment_id, payment_id, dispute_id, told_with_id, stage, version, 'active', '',
       COALESCE(rung, %(beyond)s), %(now)s, moment,
       CASE WHEN rung IS NULL THEN moment
            ELSE LEAST(moment + wait, moment + (deadline - moment) / %(beyond)s) END, deadline
FROM planning_prompt
"""
WHERE_NEW: Final = "ON CONFLICT DO NOTHING RETURNING id"
"""Where others may plan the same. One planner alone needs none, and looking costs as much as the writing."""
KEEP: Final = "DELETE FROM planning_prompt WHERE id <> ALL(%(ids)s)"
# The two tellings of a prompt are written side by side: in the order of the index that keeps them apart. A set in the
# list of columns does so for less than a join, which may also be turned round.
DELIVERIES: Final = """
INSERT INTO notifications_delivery (prompt_id, channel, contact_point_id, address, rung, ordinal, status, reason,
                                    attempts, next_attempt_at, provider_reference, wording, held_by, provider)
SELECT telling.id, CASE WHEN outside THEN channel ELSE 'in_app' END, CASE WHEN outside THEN contact_point_id END,
       CASE WHEN outside THEN address ELSE '' END, COALESCE(rung, %(beyond)s), 0, 'queued', '', 0, moment, '', '',
       held_by, ''
FROM (
    SELECT id, channel, contact_point_id, address, rung, moment, held_by,
           unnest(CASE WHEN channel IS NULL THEN '{false}'::boolean[] ELSE '{true,false}' END) AS outside
    FROM planning_prompt WHERE told_with_id IS NULL) AS telling
"""
EVENTS: Final = """
INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, data)
SELECT %(now)s, 'planned', borrower_id, installment_id, id, details FROM planning_prompt
"""
# Prompts of an earlier stage whose ladder still runs when a later one has been planned, looked up for one installment
# after the other. By statistics that are older than the day's first portions hardly any ladder runs, and each of them
# would be compared with the whole portion.
OVERTAKEN: Final = """
SELECT earlier.id
FROM planning_prompt AS later
CROSS JOIN LATERAL (
    SELECT own.id, own.told_with_id, own.status, own.stage, own.voided_at
    FROM notifications_prompt AS own
    WHERE own.installment_id = later.installment_id AND own.kind = %(kind)s AND own.version = later.version
      AND own.payment_id IS NULL AND own.dispute_id IS NULL
    OFFSET 0) AS earlier
WHERE later.stage <> ALL(%(firsts)s) AND earlier.status = 'active' AND earlier.voided_at IS NULL
  AND CASE %(kind)s WHEN 'upcoming' THEN earlier.stage > later.stage ELSE earlier.stage < later.stage END
ORDER BY COALESCE(earlier.told_with_id, earlier.id)
"""
# Prompts whose message still waits although their ladder has ended, or that say that a payment is coming up where
# overdue ones are planned. They are few on most days, so nothing is asked of each prompt that is planned. OFFSET 0
# keeps the queue in front: by statistics, which do not know how short it is, all prompts would be read for it.
UNSENT: Final = """
CREATE TEMPORARY TABLE planning_unsent AS
SELECT prompt.id, prompt.installment_id, prompt.version, prompt.kind, prompt.stage
FROM (
    SELECT DISTINCT delivery.prompt_id
    FROM notifications_delivery AS delivery
    WHERE delivery.status IN ('queued', 'retrying') {those} OFFSET 0) AS unsent
CROSS JOIN LATERAL (
    SELECT own.id
    FROM notifications_prompt AS own
    WHERE own.id = unsent.prompt_id AND own.kind IN ('upcoming', %(kind)s) AND own.payment_id IS NULL
      AND own.dispute_id IS NULL AND own.status <> 'cancelled' AND (own.status <> 'active' OR own.kind <> %(kind)s)
    OFFSET 0) AS leader
CROSS JOIN LATERAL (
    SELECT own.* FROM notifications_prompt AS own WHERE own.id = leader.id
    UNION ALL
    SELECT companion.* FROM notifications_prompt AS companion WHERE companion.told_with_id = leader.id
    OFFSET 0) AS prompt
WHERE prompt.voided_at IS NULL
"""
THOSE_OF_FRESH: Final = """
AND delivery.prompt_id = ANY(ARRAY(
    SELECT COALESCE(earlier.told_with_id, earlier.id)
    FROM planning_fresh AS fresh JOIN notifications_prompt AS earlier
      ON earlier.installment_id = fresh.id AND earlier.kind IN ('upcoming', %(kind)s)
     AND earlier.version = fresh.version AND earlier.payment_id IS NULL AND earlier.dispute_id IS NULL))
"""
# Right after a large plan the statistics take all deliveries to wait, and the whole table would be read for those.
BY_INDEX: Final = "SET LOCAL enable_seqscan = off"
AS_BEFORE: Final = "SET LOCAL enable_seqscan TO DEFAULT"
OVERTAKEN_UNSENT: Final = """
SELECT earlier.id
FROM planning_unsent AS earlier
JOIN planning_prompt AS later ON later.installment_id = earlier.installment_id AND later.version = earlier.version
WHERE CASE WHEN earlier.kind <> %(kind)s THEN true
           WHEN earlier.kind = 'upcoming' THEN earlier.stage > later.stage ELSE earlier.stage < later.stage END
ORDER BY earlier.id
"""
