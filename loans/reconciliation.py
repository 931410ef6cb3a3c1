"""Two positions, one state: what an installment's state is by what both firms have said.

The state is derived from facts that are kept (the bank's figure, what it booked since, the platform's position,
payments it saw), so the order in which they arrived does not matter and deriving it again changes nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from loans.models import PaymentWord, Position, Report

# One that was settled and is not any more gets a new version: what was told of the old one is no answer to it. So does
# one that is open again although no payment came back or was given up, which its payer is told: the platform took its
# "paid" back, or nobody had seen more than that.
_OWED_ANEW: Final = """(installment.state = 'settled' AND derived.state <> 'settled'
                      OR installment.state = 'awaiting_bank' AND derived.state = 'open' AND derived.unannounced)"""
# Paid is the bank's figure and what it booked since: of a payment that the figure holds already, no part is `since`.
# What the platform saw of a payer need not hold what is charged for being late: whoever paid what was due is not asked
# for it because their bank has not shown it yet. Once nothing else is left to pay, that is what is to be seen.
# A platform that called it paid before the money went back does not know of that yet, nor does one that goes on to say
# so while its own word on the very payment stands: who pays again, pays under another reference. An agent who found out
# that the money never came is not contradicted by a platform that repeats itself, only by one that says it anew.
_SETTLE_UP: Final = f"""
WITH laid AS MATERIALIZED (
    SELECT part.installment_id AS id, sum(part.since) FILTER (WHERE payment.status <> 'received') AS since,
           sum(part.amount) FILTER (WHERE payment.status = 'received') AS seen,
           max(payment.booked_on) FILTER (WHERE payment.status = 'settled') AS last_on
    FROM loans_paymentpart AS part JOIN loans_payment AS payment ON payment.id = part.payment_id
    WHERE part.installment_id = ANY(%(ids)s) GROUP BY part.installment_id),
back AS MATERIALIZED (
    SELECT payment.installment_id AS id,
           max(CASE WHEN its.word_stands THEN 'infinity' ELSE payment.returned_at END) AS last_at
    FROM loans_payment AS payment
    CROSS JOIN LATERAL (
        SELECT NOT bool_or(word.reversed) AS word_stands
        FROM loans_paymentword AS word JOIN loans_loan AS loan ON loan.platform_id = word.partner_id
        WHERE word.payment_id = payment.id AND loan.id = payment.loan_id) AS its
    WHERE payment.installment_id = ANY(%(ids)s) AND payment.status = 'returned' AND payment.returned_at IS NOT NULL
    GROUP BY payment.installment_id),
said AS MATERIALIZED (
    SELECT installment.id, installment.total - installment.waived AS room,
           GREATEST(installment.fees + installment.penalties - installment.charged_by_due - installment.waived, 0)
               AS late,
           bank.told, bank.settled_on AS told_on, COALESCE(laid.since, 0) AS since, COALESCE(laid.seen, 0) AS seen,
           laid.last_on,
           COALESCE(platform.status = 'paid' AND platform.as_of > COALESCE(installment.asked_again_at, '-infinity')
                    AND GREATEST(platform.as_of, platform.told_at, word.as_of) > COALESCE(back.last_at, '-infinity'),
                    FALSE) AS platform_paid,
           (back.last_at IS NULL
               OR COALESCE(GREATEST(platform.as_of, platform.told_at, word.as_of) > back.last_at, FALSE))
           AND (installment.asked_again_at IS NULL
               OR COALESCE(GREATEST(platform.as_of, platform.told_at, word.as_of) > installment.asked_again_at, FALSE)
               OR NOT EXISTS (
                    SELECT FROM loans_payment AS payment
                    WHERE payment.installment_id = installment.id
                      AND payment.given_up_at >= installment.asked_again_at)) AS unannounced
    FROM loans_installment AS installment
    JOIN loans_loan AS loan ON loan.id = installment.loan_id
    LEFT JOIN loans_position AS bank ON bank.installment_id = installment.id AND bank.partner_id = loan.bank_id
    LEFT JOIN loans_position AS platform
           ON platform.installment_id = installment.id AND platform.partner_id = loan.platform_id
    LEFT JOIN loans_loanword AS word ON word.loan_id = loan.id AND word.partner_id = loan.platform_id
    LEFT JOIN laid ON laid.id = installment.id
    LEFT JOIN back ON back.id = installment.id
    WHERE installment.id = ANY(%(ids)s) AND installment.state <> 'withdrawn'),
paid AS (
    SELECT said.*, LEAST(room, GREATEST(COALESCE(told, 0) + since, 0)) AS paid FROM said),
derived AS MATERIALIZED (
    SELECT id, paid, room - paid AS outstanding, unannounced,
           CASE WHEN paid = room THEN 'settled'
                WHEN platform_paid OR seen >= room - paid - CASE WHEN late < room - paid THEN late ELSE 0 END
                    THEN 'awaiting_bank'
                ELSE 'open' END AS state,
           CASE WHEN paid = room THEN COALESCE(CASE WHEN told >= room THEN told_on END, last_on) END AS settled_on
    FROM paid)
UPDATE loans_installment AS installment
SET paid = derived.paid, outstanding = derived.outstanding, state = derived.state, settled_on = derived.settled_on,
    version = installment.version + {_OWED_ANEW}::int,
    known_at = CASE WHEN {_OWED_ANEW} THEN COALESCE(%(decided_at)s, told.received_at, installment.known_at)
                    ELSE installment.known_at END
FROM derived
LEFT JOIN unnest(%(told)s::bigint[], %(reports)s::bigint[]) AS telling(id, report_id) ON telling.id = derived.id
LEFT JOIN loans_report AS told ON told.id = telling.report_id
WHERE installment.id = derived.id AND installment.id = ANY(%(ids)s)
  AND (installment.paid, installment.outstanding, installment.state, installment.settled_on)
      IS DISTINCT FROM (derived.paid, derived.outstanding, derived.state, derived.settled_on)
RETURNING installment.id
"""  # noqa: S608 - our own words

# The bank's position says what it has booked, too. One that it never gave as a figure comes from its bookings alone,
# and goes when they turn out to be about another installment.
_FOLLOW: Final = """
WITH said AS MATERIALIZED (
    SELECT installment.id, loan.bank_id, telling.report_id, installment.outstanding, installment.paid,
           bank.id AS position_id, bank.status AS status_before, bank.paid AS paid_before,
           bank.told IS NOT NULL OR bank.due_on IS NOT NULL OR installment.paid > 0 OR EXISTS (
               SELECT FROM loans_payment AS payment
               WHERE payment.installment_id = installment.id AND payment.booked_on IS NOT NULL) AS speaks
    FROM unnest(%(told)s::bigint[], %(reports)s::bigint[]) AS telling(id, report_id)
    JOIN loans_installment AS installment ON installment.id = telling.id AND installment.state <> 'withdrawn'
    JOIN loans_loan AS loan ON loan.id = installment.loan_id
    LEFT JOIN loans_position AS bank ON bank.installment_id = installment.id AND bank.partner_id = loan.bank_id),
silent AS (
    DELETE FROM loans_position USING said WHERE loans_position.id = said.position_id AND NOT said.speaks)
INSERT INTO loans_position AS position (installment_id, partner_id, status, paid, as_of, report_id)
SELECT said.id, said.bank_id, CASE WHEN said.outstanding = 0 THEN 'paid' ELSE 'due' END, said.paid,
       report.received_at, report.id
FROM said JOIN loans_report AS report ON report.id = said.report_id
WHERE said.speaks AND (said.status_before, said.paid_before) IS DISTINCT FROM
      (CASE WHEN said.outstanding = 0 THEN 'paid' ELSE 'due' END, said.paid)
ORDER BY said.id
ON CONFLICT (installment_id, partner_id) DO UPDATE
SET status = excluded.status, paid = excluded.paid, as_of = excluded.as_of, report_id = excluded.report_id
"""


def settle_up(
    installment_ids: Iterable[int], reports: Mapping[int, Report] | None = None, decided_at: datetime | None = None
) -> set[int]:
    """Derive paid, outstanding and state of these installments anew, and let the bank's positions follow where a report
    says more; `reports` are those, by installment's id.

    What is owed anew is known since `decided_at` where a person decided, else since its report was received. Returns
    the ids of the installments that changed.
    """
    ids = sorted(installment_ids)
    if not ids:
        return set()
    told = sorted(reports or ())
    said: dict[str, Any] = {"ids": ids, "told": told, "reports": [reports[pk].pk for pk in told] if reports else []}
    said["decided_at"] = decided_at
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE_UP, said)
        changed = {row[0] for row in cursor.fetchall()}
        if told:
            cursor.execute(_FOLLOW, said)
    return changed


def save_positions(positions: Iterable[Position]) -> None:
    """Write them over those that the same partners gave for the same installments; what was said before is kept as a
    PositionChange.
    """
    Position.objects.bulk_create(
        positions,
        update_conflicts=True,
        unique_fields=["installment", "partner"],
        update_fields=[
            *("status", "paid", "told", "settled_on", "told_at", "told_in", "due_on", "total", "as_of", "report"),
        ],
    )


def save_words(words: Iterable[PaymentWord]) -> None:
    """Write them over those that the same partners gave of the same payments, amounts and days."""
    PaymentWord.objects.bulk_create(
        words,
        update_conflicts=True,
        unique_fields=["payment", "partner", "amount", "paid_on"],
        update_fields=["number", "reversed", "reversed_at", "arrived", "named_at", "as_of", "report"],
    )


_SAVE_PARTS: Final = """
INSERT INTO loans_paymentpart (payment_id, installment_id, amount, since)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[])
"""


def save_parts(parts: Iterable[tuple[int, int, Decimal, Decimal]]) -> None:
    """Write new parts of payments: payment's id, installment's id, amount and since. As columns: a file brings
    thousands, and none is asked for again.
    """
    columns = ["{" + ",".join(map(str, column)) + "}" for column in zip(*parts, strict=True)]
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(_SAVE_PARTS, columns)
