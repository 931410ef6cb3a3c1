"""Follows where the two firms of a loan agree about an installment and where they do not, from what both have said.

Derived from the same facts as an installment's state, whenever one of them changes and in the same transaction; doing
it again changes nothing. A firm that has said nothing of an installment neither agrees nor differs.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from loans.models import Difference, Installment, Loan

MOST_FOLLOWED: Final = 1000
"""Loans that one sweep catches up with."""

# What the platform has seen is its position or the payments that it reported, whichever is more. The figures of the
# schedule are the bank's, so there the platform follows.
_SAID: Final = """
WITH said AS (
    SELECT installment.id, loan.bank_id, loan.platform_id, installment.state, installment.paid AS bank_paid,
           installment.total - installment.waived AS owed,
           CASE WHEN installment.state = 'awaiting_bank' OR platform.status = 'paid'
                THEN installment.total - installment.waived
                ELSE LEAST(installment.total - installment.waived,
                           GREATEST(COALESCE(platform.paid, 0), COALESCE(seen.amount, 0))) END AS platform_paid,
           platform.id IS NOT NULL OR seen.amount IS NOT NULL OR installment.state = 'awaiting_bank' AS speaks,
           platform.due_on <> installment.due_on OR platform.total <> installment.total AS schedule_differs
    FROM loans_installment AS installment
    JOIN loans_loan AS loan ON loan.id = installment.loan_id AND loan.platform_id IS NOT NULL
    LEFT JOIN loans_position AS platform
           ON platform.installment_id = installment.id AND platform.partner_id = loan.platform_id
    LEFT JOIN LATERAL (
        SELECT sum(part.amount) AS amount
        FROM loans_paymentpart AS part JOIN loans_payment AS payment ON payment.id = part.payment_id
        WHERE part.installment_id = installment.id AND payment.received_at IS NOT NULL
          AND payment.status <> 'returned') AS seen ON TRUE
    WHERE installment.id = ANY(%(ids)s)),
wanted AS (
    SELECT id, bank_id, platform_id, kind,
           CASE WHEN kind <> 'schedule' AND (state = 'awaiting_bank' OR bank_paid < platform_paid)
                THEN bank_id ELSE platform_id END AS follower_id
    FROM (
        SELECT said.*, CASE WHEN bank_paid = 0 THEN 'platform_only' WHEN platform_paid = 0 THEN 'bank_only'
                            ELSE 'amounts' END AS kind
        FROM said WHERE speaks AND state <> 'withdrawn' AND bank_paid <> platform_paid
        UNION ALL
        SELECT said.*, 'schedule' FROM said WHERE schedule_differs AND state <> 'withdrawn') AS differing),
"""
# Every statement of a WITH sees the rows as they were before: what is ended here is not open to what is begun there.
_FOLLOW: Final = f"""{_SAID}
agreed AS (
    UPDATE loans_difference AS difference SET ended_at = GREATEST(%(now)s, difference.since)
    FROM said
    WHERE difference.installment_id = said.id AND difference.ended_at IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM wanted
        WHERE wanted.id = said.id AND (wanted.kind = 'schedule') = (difference.kind = 'schedule'))),
changed AS (
    UPDATE loans_difference AS difference SET kind = wanted.kind, follower_id = wanted.follower_id
    FROM wanted
    WHERE difference.installment_id = wanted.id AND difference.ended_at IS NULL
      AND (wanted.kind = 'schedule') = (difference.kind = 'schedule')
      AND (difference.kind, difference.follower_id) IS DISTINCT FROM (wanted.kind, wanted.follower_id))
INSERT INTO loans_difference (installment_id, kind, bank_id, platform_id, follower_id, since)
SELECT id, kind, bank_id, platform_id, follower_id, %(now)s FROM wanted
ORDER BY id
ON CONFLICT DO NOTHING
"""  # noqa: S608  (nothing of it comes from outside)


def follow_differences(installment_ids: Iterable[int], *, now: datetime) -> None:
    """Begin, change or end the differences of these installments; `now` is when what was said last came in (UTC).

    The loans are locked by the caller.
    """
    ids = sorted(installment_ids)
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_FOLLOW, {"ids": ids, "now": now})


@transaction.atomic
def follow_waiting(*, now: datetime) -> int:
    """Begin the difference of each installment that awaits its bank and has none, as of now: those that waited before
    differences were followed. Returns how many loans were looked at; one that is locked is left to the next sweep.
    """
    open_ones = Difference.objects.open().exclude(kind=Difference.Kind.SCHEDULE)
    waiting = Installment.objects.filter(
        ~Exists(open_ones.filter(installment=OuterRef("pk"))), state=Installment.State.AWAITING_BANK
    )
    loans = Loan.objects.filter(pk__in=waiting.values("loan"), platform__isnull=False).order_by("pk")
    locked = [loan.pk for loan in loans.only("pk").select_for_update(skip_locked=True, no_key=True)[:MOST_FOLLOWED]]
    follow_differences(waiting.filter(loan__in=locked).values_list("pk", flat=True), now=now)
    return len(locked)
