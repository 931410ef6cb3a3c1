"""The statements behind `purging`: what may go, and in which order."""

from typing import Final

CLEAR: Final = "DROP TABLE IF EXISTS purge_old, purge_prompt, purge_delivery, purge_text, purge_task"
# Ids follow the time of planning, so the rows of past months are read by the primary key, and no others.
OLD: Final = """
CREATE TEMPORARY TABLE purge_old ON COMMIT DROP AS
SELECT prompt.id, COALESCE(prompt.told_with_id, prompt.id) AS leads, prompt.status, prompt.payment_id,
       prompt.dispute_id, prompt.installment_id
FROM notifications_prompt AS prompt
WHERE prompt.planned_at < %(before)s AND prompt.id < COALESCE((
    SELECT first.id FROM notifications_prompt AS first WHERE first.planned_at >= %(before)s ORDER BY first.id LIMIT 1),
    9223372036854775807)
"""
# A case stays while it is open or disputed, and for as long again after it was closed. Whom nobody reached stays no
# longer than others: a prompt that was handed to a person and never told remains `escalated` for good.
PROMPTS: Final = """
CREATE TEMPORARY TABLE purge_prompt ON COMMIT DROP AS
SELECT old.id, old.leads
FROM purge_old AS old
LEFT JOIN loans_payment AS payment ON payment.id = old.payment_id
LEFT JOIN loans_dispute AS told_of ON told_of.id = old.dispute_id
LEFT JOIN loans_installment AS installment
       ON installment.id = COALESCE(old.installment_id, payment.installment_id, told_of.installment_id)
WHERE old.status <> 'active'
  AND (installment.id IS NULL OR installment.state IN ('settled', 'withdrawn')
       AND COALESCE(installment.settled_on, installment.due_on) < %(kept_from)s)
  AND (payment.id IS NULL OR payment.status <> 'received')
  AND NOT EXISTS (
    SELECT 1 FROM loans_dispute AS dispute
    WHERE dispute.loan_id = COALESCE(installment.loan_id, payment.loan_id, told_of.loan_id)
      AND (dispute.installment_id IS NULL OR installment.id IS NULL OR dispute.installment_id = installment.id)
      AND (dispute.status <> 'decided' OR dispute.decided_at >= %(kept_from)s))
  AND NOT EXISTS (
    SELECT 1 FROM notifications_disputedprompt AS link JOIN loans_dispute AS dispute ON dispute.id = link.dispute_id
    WHERE link.prompt_id = old.id AND (dispute.status <> 'decided' OR dispute.decided_at >= %(kept_from)s))
  AND NOT EXISTS (
    SELECT 1 FROM notifications_agenttask AS task
    WHERE task.prompt_id IN (old.id, old.leads) AND task.status = 'open')
"""
WHOLE: Final = """
DELETE FROM purge_prompt
WHERE leads IN (
    SELECT message.leads
    FROM (SELECT leads, leads AS id FROM purge_prompt
          UNION
          SELECT companion.told_with_id, companion.id FROM notifications_prompt AS companion
          WHERE companion.told_with_id IN (SELECT leads FROM purge_prompt)) AS message
    WHERE NOT EXISTS (SELECT 1 FROM purge_prompt AS goes WHERE goes.id = message.id))
"""
"""Of a message for several, all or none."""
DELIVERIES: Final = """
CREATE TEMPORARY TABLE purge_delivery ON COMMIT DROP AS
SELECT delivery.id FROM notifications_delivery AS delivery JOIN purge_prompt AS prompt ON prompt.id = delivery.prompt_id
"""
# What a person read goes with its task, by the rules of a case: not while the task is open or the borrower has a
# dispute, which it may be about, nor for as long again after either was closed. Its texts are those since it began.
TEXTS: Final = """
CREATE TEMPORARY TABLE purge_text ON COMMIT DROP AS
SELECT text.id FROM notifications_inboundtext AS text
WHERE text.meaning = 'other' AND text.received_at < %(before)s AND text.id < COALESCE((
    SELECT first.id FROM notifications_inboundtext AS first WHERE first.received_at >= %(before)s
    ORDER BY first.id LIMIT 1), 9223372036854775807)
  AND NOT EXISTS (
    SELECT 1 FROM notifications_agenttask AS task
    WHERE task.borrower_id = text.borrower_id AND task.kind = 'written' AND task.created_at <= text.received_at
      AND (task.status = 'open' OR task.done_at >= %(kept_from)s))
  AND NOT EXISTS (
    SELECT 1 FROM loans_dispute AS dispute
    WHERE dispute.borrower_id = text.borrower_id
      AND (dispute.status <> 'decided' OR dispute.decided_at >= %(kept_from)s))
"""
# A task without a prompt, which an alarm opened or a bank that was waited for, goes by the rules of a case, too: it is
# proof of who was told (coverage, untold) only while its installment is open.
TASKS: Final = """
CREATE TEMPORARY TABLE purge_task ON COMMIT DROP AS
SELECT task.id FROM notifications_agenttask AS task
JOIN loans_installment AS installment ON installment.id = task.installment_id
WHERE task.created_at < %(before)s AND task.status = 'done' AND task.done_at < %(kept_from)s
  AND installment.state IN ('settled', 'withdrawn')
  AND COALESCE(installment.settled_on, installment.due_on) < %(kept_from)s
  AND NOT EXISTS (
    SELECT 1 FROM loans_dispute AS dispute
    WHERE dispute.loan_id = installment.loan_id
      AND (dispute.installment_id IS NULL OR dispute.installment_id = installment.id)
      AND (dispute.status <> 'decided' OR dispute.decided_at >= %(kept_from)s))
"""
_OF_PROMPTS: Final = "DELETE FROM {table} WHERE prompt_id IN (SELECT id FROM purge_prompt)"
_OF_DELIVERIES: Final = "DELETE FROM {table} WHERE delivery_id IN (SELECT id FROM purge_delivery)"
ROWS: Final = {
    "receipts": _OF_DELIVERIES.format(table="notifications_receipt"),
    "texts": _OF_DELIVERIES.format(table="notifications_inboundtext"),
    "acknowledgements": _OF_PROMPTS.format(table="notifications_acknowledgement"),
    "tasks": _OF_PROMPTS.format(table="notifications_agenttask"),
    "tasks about installments": "DELETE FROM notifications_agenttask WHERE id IN (SELECT id FROM purge_task)",
    "tasks about texts": "DELETE FROM notifications_agenttask WHERE text_id IN (SELECT id FROM purge_text)",
    "texts for a person": "DELETE FROM notifications_inboundtext WHERE id IN (SELECT id FROM purge_text)",
    "links": _OF_PROMPTS.format(table="notifications_disputedprompt"),
    "duties": _OF_PROMPTS.format(table="notifications_duty"),
    "deliveries": "DELETE FROM notifications_delivery WHERE id IN (SELECT id FROM purge_delivery)",
    "prompts": "DELETE FROM notifications_prompt WHERE id IN (SELECT id FROM purge_prompt)",
    "words of firms": """
DELETE FROM notifications_firmtelling AS telling
WHERE telling.installment_id IN (
    SELECT old.installment_id FROM purge_old AS old JOIN purge_prompt AS prompt ON prompt.id = old.id)
  AND NOT EXISTS (SELECT 1 FROM notifications_prompt AS left_over
                  WHERE left_over.installment_id = telling.installment_id)
""",
}
"""In the order of the foreign keys: what points to a row goes before it. What firms said goes with the last prompt of
its installment."""
# Events go up to the last seal that covers none from the month on, none about a prompt that stays, and none of a
# borrower with a dispute: theirs may be about anything.
LAST_SEAL: Final = """
WITH young AS (
    SELECT COALESCE((
        SELECT event.id FROM notifications_noticeevent AS event WHERE event.at >= %(before)s ORDER BY event.id LIMIT 1),
        9223372036854775807) AS id),
needed AS (
    SELECT min(event.id) AS id FROM notifications_noticeevent AS event, young
    WHERE event.id < young.id
      AND (EXISTS (SELECT 1 FROM notifications_prompt AS prompt WHERE prompt.id = event.prompt_id)
           OR event.borrower_id IN (
                SELECT dispute.borrower_id FROM loans_dispute AS dispute
                WHERE dispute.status <> 'decided' OR dispute.decided_at >= %(kept_from)s)))
SELECT seal.id, seal.last_id FROM notifications_seal AS seal, young, needed
WHERE seal.last_id < LEAST(young.id, needed.id)
  AND seal.last_id > COALESCE((SELECT max(last_event_id) FROM notifications_purge), -9223372036854775808)
ORDER BY seal.last_id DESC LIMIT 1
"""
EVENTS: Final = "DELETE FROM notifications_noticeevent WHERE id <= %s"
