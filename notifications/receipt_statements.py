"""The statements that apply receipts as sets. Parameters are whole columns, as `notifications.arrays` writes them."""

from typing import Final

_LETTERS: Final = """
letter AS (
    SELECT *, jsonb_build_object('channel', channel, 'reason', '', 'callback', callback_id, 'sha256', sha256) AS data
    FROM unnest(%(letters)s::bigint[], %(channels)s::text[], %(providers)s::text[], %(digests)s::text[],
                %(received)s::timestamptz[])
         AS letter (callback_id, channel, provider, sha256, received_at)
)"""

TAKE: Final = """
SELECT id, provider, raw, received_at
FROM (
    SELECT waiting.*, sum(octet_length(raw)) OVER (ORDER BY id) - octet_length(raw) AS before
    FROM (
        SELECT id, provider, raw, received_at FROM notifications_callback
        WHERE applied_at IS NULL AND provider = ANY(%(providers)s) AND id > %(after)s
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS waiting) AS counted
WHERE before < %(octets)s
ORDER BY id
"""
"""What has come and is read now, in the order in which it came. How long one is, is known without reading it. What is
locked and left, since those before it are long, is free again at the commit.
"""

APPLIED: Final = "UPDATE notifications_callback SET applied_at = %(now)s WHERE id = ANY(%(ids)s::bigint[])"

SETTINGS: Final = "SET LOCAL enable_memoize = off; SET LOCAL work_mem = '32MB'"
"""A prompt is looked up once, so that remembering it only costs; and what moved stays in memory."""

MOVE: Final = f"""
WITH {_LETTERS}, asked AS (
    SELECT ask.*, letter.channel, letter.data, letter.provider = ANY(%(unproved)s::text[]) AS unproved
    FROM unnest(%(ids)s::bigint[], %(callbacks)s::bigint[], %(targets)s::text[], %(reasons)s::text[],
                %(references)s::text[])
             AS ask (delivery_id, callback_id, target, reason, provider_reference)
    JOIN letter USING (callback_id)
), moved AS (
    UPDATE notifications_delivery AS delivery
    SET status = asked.target,
        reason = asked.reason,
        provider_reference = COALESCE(NULLIF(asked.provider_reference, ''), delivery.provider_reference),
        sent_at = CASE WHEN asked.target = 'failed' AND NOT asked.unproved THEN delivery.sent_at
                       ELSE COALESCE(delivery.sent_at, %(now)s) END,
        delivered_at = CASE WHEN asked.target = 'delivered' THEN %(now)s ELSE delivery.delivered_at END
    FROM asked, notifications_prompt AS prompt
    WHERE delivery.id = asked.delivery_id
      AND delivery.channel = asked.channel
      AND delivery.status || '>' || asked.target = ANY(%(allowed)s)
      AND (delivery.status <> 'failed' OR NOT asked.unproved OR delivery.sent_at IS NULL AND delivery.attempts > 1)
      AND (delivery.status <> 'cancelled' OR delivery.attempts > 0)
      AND prompt.id = delivery.prompt_id
    RETURNING delivery.id, delivery.status, delivery.reason, delivery.prompt_id, delivery.contact_point_id, asked.data,
              prompt.borrower_id, prompt.installment_id,
              prompt.status = 'active' AND prompt.look_again_at > %(now)s
              AND (delivery.status = 'failed'
                   OR delivery.status = 'delivered' AND prompt.kind || '.' || delivery.rung = ANY(%(enough)s::text[]))
                  AS decides
), recorded AS (
    INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, delivery_id, data)
    SELECT %(now)s, status, borrower_id, installment_id, prompt_id, id,
           CASE WHEN reason = '' THEN data ELSE data || jsonb_build_object('reason', reason) END
    FROM moved
), nudged AS (
    UPDATE notifications_prompt AS prompt SET look_again_at = %(now)s
    FROM moved
    WHERE moved.decides AND prompt.id = moved.prompt_id AND prompt.status = 'active' AND prompt.look_again_at > %(now)s
)
SELECT (SELECT array_agg(id) FROM moved),
       (SELECT array_agg(point.id)
        FROM (SELECT id FROM accounts_contactpoint WHERE unreachable_since IS NOT NULL OFFSET 0) AS point
        WHERE point.id IN (SELECT contact_point_id FROM moved WHERE status = 'delivered'))
"""  # noqa: S608 - nothing of it comes from outside
"""One turn: the deliveries that may move, the record of it, and their ladders, which look at once where that changes
what is next: not where something arrived and "I know" is waited for as before. Returns the ids of what moved, and the
contact points marked unreachable that something has arrived at: of those there are few, so they are read first.

What comes `unproved` does not turn a failure into an arrival, unless the failure was our own giving up after several
tries, of which one may have gone out: then nobody has said that it was taken (no `sent_at`), while a report of that
kind that it failed says just this. What was taken back before its next attempt has arrived where the one before was
taken after all; what was never handed over has not.
"""

REFUSED: Final = """
SELECT delivery.id, delivery.channel, delivery.status, delivery.prompt_id, prompt.borrower_id, prompt.installment_id
FROM notifications_delivery AS delivery JOIN notifications_prompt AS prompt ON prompt.id = delivery.prompt_id
WHERE delivery.id = ANY(%s::bigint[])
ORDER BY delivery.id
"""

BLAMED: Final = """
SELECT delivery.id, delivery.channel, point.id, delivery.address
FROM notifications_delivery AS delivery
     JOIN accounts_contactpoint AS point ON point.id = delivery.contact_point_id
     CROSS JOIN LATERAL (SELECT LEAST(COALESCE(delivery.handed_at, '-infinity'), %(now)s::timestamptz) AS at) AS handed
WHERE delivery.id = ANY(%(ids)s::bigint[])
  AND delivery.status <> 'delivered'
  AND point.unreachable_since IS NULL
  AND (point.verified_at IS NULL OR point.verified_at < handed.at)
  AND NOT EXISTS (
      SELECT FROM notifications_prompt AS prompt JOIN notifications_delivery AS other ON other.prompt_id = prompt.id
      WHERE prompt.borrower_id = point.user_id AND other.contact_point_id = point.id AND other.delivered_at >= handed.at
      OFFSET 0)
ORDER BY point.id
FOR NO KEY UPDATE OF point
"""
"""Of deliveries whose address is called dead, once what is heard with it has moved: those after whose hand-over nothing
arrived there and nobody proved it. A report that comes again, or late, or against an arrival, so takes no way away that
works. The lock lets a proof that is under way count. OFFSET keeps the look at a borrower's deliveries one by index.
"""

KEEP: Final = f"""
WITH {_LETTERS}, said AS (
    SELECT * FROM unnest(%(numbers)s::bigint[], %(kinds)s::text[], %(words)s::text[], %(reasons)s::text[],
                         %(occurred)s::timestamptz[])
                  AS said (number, kind, word, reason, occurred_at)
)
INSERT INTO notifications_receipt (delivery_id, callback_id, channel, provider, kind, provider_word,
                                   provider_reference, reason, moved, occurred_at, received_at)
SELECT one.delivery_id, letter.callback_id, letter.channel, letter.provider, said.kind, said.word, one.reference,
       said.reason, one.moved, said.occurred_at, letter.received_at
FROM unnest(%(ids)s::bigint[], %(callbacks)s::bigint[], %(said)s::bigint[], %(references)s::text[],
            %(moved)s::boolean[])
         WITH ORDINALITY AS one (delivery_id, callback_id, number, reference, moved, place)
JOIN letter USING (callback_id) JOIN said USING (number)
ORDER BY one.place
"""  # noqa: S608
"""Receipts in the order in which they were heard. What many of them say alike is passed once."""
