"""The statements behind `planning`: where candidates come from, and what is written for each."""

from typing import Final

# A stage is not planned once a later one is: where clocks are put back, time has passed it by all the same.
INSTALLMENTS: Final = """
SELECT loan.borrower_id, installment.id AS installment_id, NULL::bigint AS payment_id, NULL::bigint AS dispute_id,
       slot.stage, installment.version, slot.moment, slot.deadline, slot.held_by,
       slot.due_on, loan.bank_id, loan.platform_id, loan.currency
FROM unnest(%(jurisdictions)s::text[], %(zones)s::text[], %(plans)s::int[], %(due_on)s::date[], %(stages)s::int[],
            %(moments)s::timestamptz[], %(deadlines)s::timestamptz[], %(rules)s::text[])
     AS slot (jurisdiction, zone, plan, due_on, stage, moment, deadline, held_by)
JOIN loans_installment AS installment ON installment.due_on = slot.due_on AND installment.state = 'open'
JOIN loans_loan AS loan ON loan.id = installment.loan_id
JOIN accounts_user AS person ON person.id = loan.borrower_id AND person.time_zone = slot.zone
     AND person.jurisdiction = slot.jurisdiction
WHERE NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS prompt
    WHERE prompt.installment_id = installment.id AND prompt.kind = %(kind)s
      AND CASE %(kind)s WHEN 'upcoming' THEN prompt.stage <= slot.stage ELSE prompt.stage >= slot.stage END
      AND prompt.version = installment.version AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL)
"""
UNDISPUTED: Final = """
  AND NOT EXISTS (
    SELECT 1 FROM loans_dispute AS dispute
    WHERE dispute.loan_id = loan.id AND dispute.status <> 'decided'
      AND (dispute.installment_id IS NULL OR dispute.installment_id = installment.id))
"""
# Plan 0 is for loans without a plan of their own; one for the product comes before one for the partner.
WITH_PLANS: Final = """
  AND slot.plan = COALESCE((
    SELECT plan.id FROM notifications_leadplan AS plan
    WHERE plan.partner_id IN (loan.platform_id, loan.bank_id) AND plan.product IN ('', loan.product)
    ORDER BY plan.product = '', plan.partner_id = loan.bank_id LIMIT 1), 0)
"""
THESE: Final = """
SELECT loan.borrower_id, installment.id AS installment_id, NULL::bigint AS payment_id, NULL::bigint AS dispute_id,
       %(stage)s AS stage, installment.version, %(moment)s::timestamptz AS moment, NULL::timestamptz AS deadline,
       '' AS held_by, installment.due_on, loan.bank_id, loan.platform_id, loan.currency
FROM loans_installment AS installment JOIN loans_loan AS loan ON loan.id = installment.loan_id
WHERE installment.id = ANY(%(ids)s) AND installment.state = 'open'
  AND NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS prompt
    WHERE prompt.installment_id = installment.id AND prompt.kind = %(kind)s AND prompt.stage = %(stage)s
      AND prompt.version = installment.version AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL)
"""
PAYMENTS: Final = """
SELECT loan.borrower_id, payment.installment_id, payment.id AS payment_id, NULL::bigint AS dispute_id, 0 AS stage,
       1 AS version, %(moment)s::timestamptz AS moment, NULL::timestamptz AS deadline, '' AS held_by,
       NULL::date AS due_on, loan.bank_id, loan.platform_id, loan.currency
FROM loans_payment AS payment JOIN loans_loan AS loan ON loan.id = payment.loan_id
WHERE payment.id = ANY(%(ids)s)
"""
DISPUTE: Final = """
SELECT dispute.borrower_id, dispute.installment_id, NULL::bigint AS payment_id, dispute.id AS dispute_id,
       %(stage)s AS stage, 1 AS version, %(moment)s::timestamptz AS moment, NULL::timestamptz AS deadline,
       '' AS held_by, NULL::date AS due_on, NULL::bigint AS bank_id, NULL::bigint AS platform_id, '' AS currency
FROM loans_dispute AS dispute WHERE dispute.id = %(dispute_id)s
"""
# Installments of one borrower that fall due together, with the same firms, are one message: the first leads.
TOGETHER: Final = """
together AS (
    SELECT borrower_id, stage, due_on, bank_id, COALESCE(platform_id, 0) AS platform_id, currency, min(id) AS leads
    FROM numbered GROUP BY 1, 2, 3, 4, 5, 6 HAVING count(*) > 1),
led AS (
    SELECT numbered.*, NULLIF(together.leads, numbered.id) AS told_with_id
    FROM numbered LEFT JOIN together
      ON together.borrower_id = numbered.borrower_id AND together.stage = numbered.stage
     AND together.due_on = numbered.due_on AND together.bank_id = numbered.bank_id
     AND together.platform_id = COALESCE(numbered.platform_id, 0) AND together.currency = numbered.currency),
"""
APART: Final = """
led AS (SELECT numbered.*, NULL::bigint AS told_with_id FROM numbered),
"""
# A person is told on the first rung, in the order that they chose, whose channel they can be reached on; where there is
# none, the prompt stands above the last rung and the ladder hands it to a person at its first look.
PLAN: Final = """
WITH candidate AS MATERIALIZED ({source}),
rung (number, channel, contact_kind, wait) AS (
    SELECT * FROM unnest(%(rungs)s::int[], %(channels)s::text[], %(contact_kinds)s::text[], %(waits)s::interval[])),
first_rung AS (
    SELECT borrower.id AS borrower_id, way.number, way.channel, way.wait, way.contact_point_id, way.address
    FROM (SELECT DISTINCT borrower_id AS id FROM candidate) AS borrower
    CROSS JOIN LATERAL (
        SELECT rung.number, rung.channel, rung.wait, point.id AS contact_point_id, point.address
        FROM rung
        JOIN accounts_contactpoint AS point ON point.user_id = borrower.id AND point.kind = rung.contact_kind
             AND point.retired_at IS NULL AND point.unreachable_since IS NULL
        LEFT JOIN notifications_preference AS preference
               ON preference.user_id = borrower.id AND preference.channel = rung.channel
        WHERE preference.enabled IS NOT FALSE
        ORDER BY COALESCE(preference.place, 100), rung.number LIMIT 1) AS way),
numbered AS MATERIALIZED (
    SELECT nextval('notifications_prompt_id_seq') AS id, candidate.*, first_rung.number AS rung, first_rung.wait,
           first_rung.channel, first_rung.contact_point_id, first_rung.address
    FROM candidate LEFT JOIN first_rung USING (borrower_id)),
{grouping}
planned AS (
    INSERT INTO notifications_prompt (id, borrower_id, kind, installment_id, payment_id, dispute_id, told_with_id,
                                      stage, version, status, reason, rung, planned_at, tell_at, look_again_at,
                                      deadline)
    SELECT id, borrower_id, %(kind)s, installment_id, payment_id, dispute_id, told_with_id, stage, version, 'active',
           '', COALESCE(rung, %(beyond)s), %(now)s, moment,
           CASE WHEN rung IS NULL THEN moment ELSE LEAST(moment + wait, deadline) END, deadline
    FROM led
    {conflict}
    RETURNING id),
told AS (
    INSERT INTO notifications_delivery (prompt_id, channel, contact_point_id, address, rung, ordinal, status, reason,
                                        attempts, next_attempt_at, provider_reference, wording, held_by, provider)
    SELECT led.id, way.channel, way.contact_point_id, way.address, COALESCE(led.rung, %(beyond)s), 0, 'queued', '', 0,
           led.moment, '', '', led.held_by, ''
    FROM led JOIN planned USING (id)
    CROSS JOIN LATERAL (
        SELECT led.channel, led.contact_point_id, led.address WHERE led.rung IS NOT NULL
        UNION ALL SELECT 'in_app', NULL, '') AS way
    WHERE led.told_with_id IS NULL)
INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, data)
SELECT %(now)s, 'planned', led.borrower_id, led.installment_id, led.id,
       jsonb_build_object('kind', %(kind)s::text, 'stage', led.stage)
       || CASE led.held_by WHEN '' THEN '{{}}' ELSE jsonb_build_object('held_by', led.held_by) END
FROM led JOIN planned USING (id)
"""
# Prompts of an earlier stage whose ladder still runs when a later one has been planned. `since`: the last id before.
OVERTAKEN: Final = """
SELECT DISTINCT COALESCE(earlier.told_with_id, earlier.id)
FROM notifications_prompt AS later
JOIN notifications_prompt AS earlier
  ON earlier.installment_id = later.installment_id AND earlier.kind = later.kind AND earlier.version = later.version
 AND earlier.payment_id IS NULL AND earlier.dispute_id IS NULL AND earlier.status = 'active'
 AND CASE later.kind WHEN 'upcoming' THEN earlier.stage > later.stage ELSE earlier.stage < later.stage END
WHERE later.id > %(since)s AND later.kind = %(kind)s AND later.planned_at = %(now)s AND later.stage <> ALL(%(firsts)s)
"""
# Stages that passed without a prompt although the figures were known in time.
MISSED: Final = """
INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, data)
SELECT %(now)s, 'skipped', prompt.borrower_id, prompt.installment_id, prompt.id,
       jsonb_build_object('kind', prompt.kind, 'stage', missed.stage)
FROM notifications_prompt AS prompt
JOIN loans_installment AS installment ON installment.id = prompt.installment_id
JOIN accounts_user AS person ON person.id = prompt.borrower_id
JOIN unnest(%(zones)s::text[], %(due_on)s::date[], %(stages)s::int[], %(known_by)s::timestamptz[], %(missed)s::int[])
     AS missed (zone, due_on, reached, known_by, stage)
  ON missed.due_on = installment.due_on AND missed.zone = person.time_zone AND missed.reached = prompt.stage
WHERE prompt.id > %(since)s AND prompt.kind = %(kind)s AND prompt.planned_at = %(now)s
  AND prompt.stage <> ALL(%(firsts)s) AND installment.known_at < missed.known_by
  AND NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS other
    WHERE other.installment_id = prompt.installment_id AND other.kind = prompt.kind AND other.stage = missed.stage
      AND other.version = prompt.version AND other.payment_id IS NULL AND other.dispute_id IS NULL)
"""
