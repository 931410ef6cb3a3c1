"""The statements behind `duties`: who has to send what is being planned, and what a firm's word meets."""

from typing import Final

CLEAR: Final = "DROP TABLE IF EXISTS planning_duty"
# Rules about the very loan are found by their index, the others are few. The order is that of `responsibility`.
ASSIGN: Final = """
CREATE TEMPORARY TABLE planning_duty ON COMMIT DROP AS
SELECT prompt.id AS prompt_id, rule.id AS rule_id, firm.responsible_id, firm.backup_id, times.needs_proof,
       times.counts_from, times.stands_until, times.report_by, times.portal_at
FROM planning_prompt AS prompt
JOIN loans_installment AS installment ON installment.id = prompt.installment_id
JOIN loans_loan AS loan ON loan.id = installment.loan_id
JOIN accounts_user AS person ON person.id = prompt.borrower_id
CROSS JOIN LATERAL (
    SELECT fitting.* FROM (
        SELECT own.* FROM notifications_responsibility AS own WHERE own.loan_id = loan.id
        UNION ALL
        SELECT general.* FROM notifications_responsibility AS general
        WHERE general.loan_id IS NULL AND (general.bank_id IS NULL OR general.bank_id = loan.bank_id)
          AND (general.platform_id IS NULL OR general.platform_id = loan.platform_id)
          AND general.product IN ('', loan.product)) AS fitting
    WHERE fitting.valid_from <= %(now)s AND fitting.kind IN ('', %(kind)s)
    ORDER BY fitting.loan_id IS NULL, fitting.product = '', fitting.kind = '', fitting.platform_id IS NULL,
             fitting.bank_id IS NULL, fitting.valid_from DESC, fitting.id DESC
    LIMIT 1) AS rule
CROSS JOIN LATERAL (
    SELECT CASE rule.responsible WHEN 'bank' THEN loan.bank_id WHEN 'platform' THEN loan.platform_id END
               AS responsible_id,
           CASE rule.backup WHEN 'bank' THEN loan.bank_id WHEN 'platform' THEN loan.platform_id END AS backup_id
    ) AS firm
JOIN unnest(%(jurisdictions)s::text[], %(zones)s::text[], %(plans)s::int[], %(due_on)s::date[], %(stages)s::int[],
            %(hours)s::int[], %(backup_hours)s::int[], %(needs_proof)s::boolean[], %(counts_from)s::timestamptz[],
            %(stands_until)s::timestamptz[], %(report_by)s::timestamptz[], %(portal_at)s::timestamptz[])
     AS times (jurisdiction, zone, plan, due_on, stage, hours, backup_hours, needs_proof, counts_from, stands_until,
               report_by, portal_at)
  ON times.jurisdiction = person.jurisdiction AND times.zone = prompt.time_zone AND times.plan = prompt.plan
 AND times.due_on = prompt.due_on AND times.stage = prompt.stage AND times.hours = rule.hours
 AND times.backup_hours = CASE WHEN firm.backup_id IS NULL THEN 0 ELSE rule.backup_hours END
WHERE firm.responsible_id IS NOT NULL
"""
ANALYZE: Final = "ANALYZE planning_duty"
# Held: the first delivery goes out, and the ladder looks, when the firm's time is over.
HOLD: Final = """
UPDATE planning_prompt AS prompt
SET moment = duty.portal_at, held_by = 'firm:' || partner.code,
    details = prompt.details || jsonb_build_object('responsible', partner.code, 'report_by', duty.report_by)
FROM planning_duty AS duty JOIN loans_partner AS partner ON partner.id = duty.responsible_id
WHERE duty.prompt_id = prompt.id
"""
# What is told together is held together: where firms differ within a message it becomes several.
BUNDLE: Final = """
UPDATE planning_prompt AS prompt SET told_with_id = NULLIF(bundle.leads, prompt.id)
FROM (
    SELECT prompt.id, prompt.told_with_id, min(prompt.id) OVER (
        PARTITION BY prompt.borrower_id, prompt.due_on, prompt.bank_id, prompt.platform_id, prompt.currency,
                     duty.responsible_id, duty.backup_id, duty.report_by, duty.portal_at) AS leads
    FROM planning_prompt AS prompt LEFT JOIN planning_duty AS duty ON duty.prompt_id = prompt.id
    WHERE prompt.due_on IS NOT NULL) AS bundle
WHERE bundle.id = prompt.id AND prompt.told_with_id IS DISTINCT FROM NULLIF(bundle.leads, prompt.id)
"""
WRITE: Final = """
INSERT INTO notifications_duty (prompt_id, rule_id, responsible_id, backup_id, status, needs_proof, counts_from,
                                stands_until, report_by, portal_at, due_at)
SELECT prompt_id, rule_id, responsible_id, backup_id, 'waiting', needs_proof, counts_from, stands_until, report_by,
       portal_at, report_by
FROM planning_duty WHERE %(of)s::bigint[] IS NULL OR prompt_id = ANY(%(of)s::bigint[])
ORDER BY prompt_id
"""
PLANNED: Final = "SELECT prompt_id FROM planning_duty"
# A telling counts for the stage on whose day, by the borrower's calendar, it was sent, or that it names itself and was
# sent at most a day early for. What was sent before the bank changed the figures was about others; so was what was made
# before and sent after, which only the prompt that it names can tell.
_COUNTS: Final = """
FROM notifications_firmtelling AS telling
JOIN loans_installment AS installment ON installment.id = telling.installment_id
JOIN notifications_prompt AS prompt
  ON prompt.installment_id = telling.installment_id AND prompt.kind = telling.kind
 AND prompt.version = installment.version AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL
JOIN notifications_duty AS duty
  ON duty.prompt_id = prompt.id AND telling.partner_id IN (duty.responsible_id, duty.backup_id)
WHERE {which}
  AND (telling.stage IS NULL AND telling.sent_at >= duty.counts_from
       OR telling.stage = prompt.stage AND telling.sent_at >= duty.counts_from - interval '1 day')
  AND (installment.version = 1 OR telling.sent_at >= installment.known_at)
  AND (telling.named_prompt IS NULL OR telling.named_prompt = prompt.id)
"""
# Of several stages that it counts for, the one that still waits, else the latest.
TOLD: Final = f"""
SELECT DISTINCT ON (telling.id) telling.id, duty.id
{_COUNTS.format(which="telling.id = ANY(%(tellings)s)")}
ORDER BY telling.id, duty.status IN ('waiting', 'passed_on') DESC, prompt.id DESC
"""
_FAILED_LATER: Final = """{word}.proof <> 'failed' AND EXISTS (
    SELECT FROM notifications_firmtelling AS later
    WHERE later.installment_id = {word}.installment_id AND later.partner_id = {word}.partner_id
      AND later.kind = {word}.kind AND later.channel = {word}.channel AND later.proof = 'failed'
      AND (later.stage = {word}.stage OR later.stage IS NULL OR {word}.stage IS NULL)
      AND later.sent_at {sent} {word}.sent_at
      AND COALESCE(later.said_at, later.heard_at) >= COALESCE({word}.said_at, {word}.heard_at)
    OFFSET 0)"""
# The same firm said later of the same telling, or of one after it, that it reached nobody: whether the borrower was
# told is in doubt, and where nothing follows they are told once more.
TAKEN_BACK: Final = _FAILED_LATER.format(word="{word}", sent=">=")
# Of the very same telling: what was told at another time was told.
REACHED_NOBODY: Final = _FAILED_LATER.format(word="{word}", sent="=")
TAKEN_BACK_ALREADY: Final = f"""
SELECT telling.id FROM notifications_firmtelling AS telling
WHERE telling.id = ANY(%(tellings)s) AND {TAKEN_BACK.format(word="telling")}
"""  # noqa: S608  (nothing of it comes from outside)
_EARLIER: Final = f"""telling.proof <> 'failed' AND NOT ({TAKEN_BACK.format(word="telling")})
  AND duty.prompt_id IN ({PLANNED})"""
# What was told before it was planned: the strongest word for each that was not taken back.
TOLD_BEFORE: Final = f"""
SELECT DISTINCT ON (duty.id) telling.id, duty.id
{_COUNTS.format(which=_EARLIER)}
ORDER BY duty.id, telling.proof = 'accepted', telling.id
"""
_TOLD: Final = f"""duty.prompt_id = ANY(%(prompts)s) AND telling.proof <> 'failed'
  AND (telling.proof <> 'accepted' OR NOT duty.needs_proof) AND NOT ({TAKEN_BACK.format(word="telling")})"""
# What a firm has told, also where nobody needed it any more when its word was heard.
HAS_TOLD: Final = f"""
SELECT DISTINCT prompt.id
{_COUNTS.format(which=_TOLD)}
"""
NOTE: Final = """
UPDATE notifications_duty AS duty
SET telling_id = row.telling_id, status = CASE WHEN row.met THEN 'met' ELSE duty.status END,
    settled_at = CASE WHEN row.met THEN row.at ELSE duty.settled_at END
FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[], %s::timestamptz[]) AS row (id, telling_id, met, at)
WHERE duty.id = row.id AND (duty.status IN ('waiting', 'passed_on') OR row.met AND duty.status <> 'met')
"""
# That it arrived is said after that it was sent, or reached nobody: the borrower is covered for good.
STRENGTHEN: Final = """
WITH stronger AS (
    UPDATE notifications_duty AS duty SET telling_id = row.telling_id
    FROM unnest(%(duties)s::bigint[], %(tellings)s::bigint[]) AS row (id, telling_id),
         notifications_firmtelling AS first
    WHERE duty.id = row.id AND duty.status = 'met' AND first.id = duty.telling_id
      AND first.proof IN ('accepted', 'failed')
    RETURNING duty.prompt_id, duty.telling_id),
covered AS (
    UPDATE notifications_prompt AS prompt SET look_again_at = (installment.due_on + 2)::timestamp AT TIME ZONE 'UTC'
    FROM stronger, loans_installment AS installment
    WHERE prompt.id = stronger.prompt_id AND installment.id = prompt.installment_id AND prompt.status = 'firm_told')
SELECT telling_id, prompt_id FROM stronger
"""
# Whose turn it is, what it has to tell, about which money, and until when.
DUE: Final = """
SELECT 'prompt.due_to_send' AS kind, installment.loan_id, 'prompt:' || prompt.id || ':' || firm.code AS subject,
       jsonb_build_object(
           'prompt', prompt.id, 'kind', prompt.kind, 'stage', prompt.stage, 'installment', installment.number,
           'due_on', installment.due_on, 'amount', installment.outstanding::text, 'currency', loan.currency,
           'responsible', firm.code, 'needs_proof', duty.needs_proof, 'portal_at', duty.portal_at,
           'report_by', CASE duty.status WHEN 'waiting' THEN duty.report_by ELSE duty.portal_at END,
           'backup', CASE duty.status WHEN 'waiting' THEN backup.code END) AS data, prompt.id AS place
FROM notifications_duty AS duty
JOIN notifications_prompt AS prompt ON prompt.id = duty.prompt_id
JOIN loans_installment AS installment ON installment.id = prompt.installment_id
JOIN loans_loan AS loan ON loan.id = installment.loan_id
JOIN loans_partner AS firm
  ON firm.id = CASE duty.status WHEN 'waiting' THEN duty.responsible_id ELSE duty.backup_id END
LEFT JOIN loans_partner AS backup ON backup.id = duty.backup_id
WHERE duty.status IN ('waiting', 'passed_on') AND {which}
"""
DUE_AS_PLANNED: Final = DUE.format(which=f"duty.prompt_id IN ({PLANNED})")
DUE_OF_THESE: Final = DUE.format(which="duty.id = ANY(%(duties)s)")
# A firm says that nobody was reached: the portal's message, which waits for the end of the firm's time, goes out now,
# or when its day begins. The ladder keeps its patience.
SEND_NOW: Final = """
WITH back AS (
    UPDATE notifications_prompt AS prompt
    SET tell_at = %(at)s, look_again_at = prompt.look_again_at - (prompt.tell_at - %(at)s)
    WHERE prompt.id = ANY(%(prompts)s) AND prompt.status = 'active' AND prompt.tell_at > %(at)s
    RETURNING prompt.id)
UPDATE notifications_delivery AS delivery SET next_attempt_at = %(at)s, held_by = ''
FROM back WHERE delivery.prompt_id = back.id AND delivery.status = 'queued' AND delivery.next_attempt_at > %(at)s
"""
# What ended otherwise is nobody's any more. Two who look at once take different ones. Of a firm whose messages of its
# time are not applied yet nobody knows what it has told.
LOOK: Final = """
UPDATE notifications_duty AS duty
SET status = CASE WHEN prompt.status <> 'active' OR prompt.voided_at IS NOT NULL THEN 'void'
                  WHEN duty.status = 'waiting' AND duty.backup_id IS NOT NULL AND duty.portal_at > duty.due_at
                  THEN 'passed_on' ELSE 'taken_over' END,
    due_at = duty.portal_at,
    settled_at = CASE WHEN prompt.status = 'active' AND prompt.voided_at IS NULL AND duty.status = 'waiting'
                           AND duty.backup_id IS NOT NULL AND duty.portal_at > duty.due_at THEN NULL ELSE %(now)s END
FROM (
    SELECT due.id, due.status FROM notifications_duty AS due
    WHERE due.status IN ('waiting', 'passed_on') AND due.due_at <= %(now)s AND NOT EXISTS (
        SELECT FROM loans_report AS unread
        WHERE unread.kind = 'events' AND unread.status = 'received' AND unread.received_at <= due.due_at
          AND unread.partner_id = CASE due.status WHEN 'waiting' THEN due.responsible_id ELSE due.backup_id END
        OFFSET 0)
    ORDER BY due.due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS before,
    notifications_prompt AS prompt
WHERE duty.id = before.id AND prompt.id = duty.prompt_id
RETURNING duty.id, duty.status, before.status
"""
# The firm's later word is that it reached nobody, which is its word from then on.
TAKE_BACK: Final = """
UPDATE notifications_duty AS duty
SET telling_id = row.telling_id, status = 'taken_over', settled_at = %(now)s, due_at = %(now)s, portal_at = %(at)s
FROM unnest(%(duties)s::bigint[], %(tellings)s::bigint[]) AS row (id, telling_id)
WHERE duty.id = row.id AND duty.status = 'met'
"""
COVER_UNTIL_THE_NEXT: Final = """
WITH unsaid AS (
    UPDATE notifications_duty AS duty SET telling_id = row.telling_id
    FROM unnest(%(duties)s::bigint[], %(tellings)s::bigint[]) AS row (id, telling_id)
    WHERE duty.id = row.id AND duty.status = 'met'
    RETURNING duty.prompt_id, duty.stands_until)
UPDATE notifications_prompt AS prompt SET look_again_at = LEAST(prompt.look_again_at, unsaid.stands_until)
FROM unsaid WHERE prompt.id = unsaid.prompt_id AND prompt.status = 'firm_told'
"""
# It goes on where its ladder stood, with what was queued again; what had no message of its own begins at its first.
OPEN_AGAIN: Final = """
UPDATE notifications_prompt AS prompt
SET status = 'active', reason = '', tell_at = LEAST(prompt.tell_at, %(at)s), look_again_at = %(at)s,
    rung = CASE WHEN EXISTS (
        SELECT FROM notifications_delivery AS queued
        WHERE queued.prompt_id = prompt.id AND queued.status = 'queued' AND queued.channel <> 'in_app')
        THEN prompt.rung ELSE %(before_the_first)s END
WHERE prompt.id = ANY(%(prompts)s) AND prompt.status = 'firm_told'
"""
LEAD_ON: Final = """
UPDATE notifications_prompt AS prompt
SET told_with_id = NULLIF(row.following_id, prompt.id), rung = leader.rung, tell_at = leader.tell_at,
    look_again_at = leader.look_again_at
FROM unnest(%(leading)s::bigint[], %(following)s::bigint[]) AS row (leading_id, following_id)
JOIN notifications_prompt AS leader ON leader.id = row.leading_id
WHERE prompt.told_with_id = row.leading_id
"""
# What was taken back is final; it is queued as another one. Where another prompt has the message from now on, that has
# its own in the portal, too, whatever became of the one of before.
QUEUE_AGAIN: Final = """
INSERT INTO notifications_delivery (prompt_id, channel, contact_point_id, address, rung, ordinal, status, reason,
                                    attempts, next_attempt_at, held_by, provider, provider_reference, wording)
SELECT again.following_id, again.channel, again.contact_point_id, again.address, again.rung,
       (SELECT COALESCE(max(own.ordinal) + 1, 0) FROM notifications_delivery AS own
        WHERE own.prompt_id = again.following_id AND own.channel = again.channel),
       'queued', '', 0, COALESCE(%(at)s, again.next_attempt_at),
       CASE WHEN %(at)s::timestamptz IS NULL THEN again.held_by ELSE '' END, '', '', ''
FROM (
    SELECT DISTINCT ON (row.following_id, last.channel) row.following_id, last.*
    FROM unnest(%(leading)s::bigint[], %(following)s::bigint[]) AS row (leading_id, following_id)
    JOIN notifications_delivery AS last ON last.prompt_id = row.leading_id
    WHERE last.rung <> %(off_the_ladder)s
      AND (last.status = 'cancelled' AND last.reason = %(reason)s
           OR last.channel = 'in_app' AND row.following_id <> row.leading_id)
    ORDER BY row.following_id, last.channel, last.ordinal DESC) AS again
RETURNING prompt_id, channel
"""
