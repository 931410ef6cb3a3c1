"""Two positions, one state: what an installment's state is by what both firms have said.

The state is derived from facts that are kept (the bank's position, booked payments, the platform's position, payments
it saw), so the order in which they arrived does not matter and deriving it again changes nothing.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from django.db import connection

from loans.differences import follow_differences
from loans.models import Installment, Payment, Position, Report

# What is paid is the most that the bank has said in either way: its own figure already holds what it booked.
# A platform that called it paid before the money went back does not know of that yet.
_SETTLE_UP: Final = """
WITH said AS (
    SELECT installment.id,
           LEAST(installment.total - installment.waived,
                 GREATEST(COALESCE(bank.paid, 0), COALESCE(booked.amount, 0))) AS paid,
           COALESCE(platform.status = 'paid'
                    AND platform.as_of > GREATEST(installment.asked_again_at, back.last_at, '-infinity'),
                    FALSE) AS platform_paid,
           COALESCE(seen.amount, 0) AS seen,
           booked.last_on
    FROM loans_installment AS installment
    JOIN loans_loan AS loan ON loan.id = installment.loan_id
    LEFT JOIN loans_position AS bank ON bank.installment_id = installment.id AND bank.partner_id = loan.bank_id
    LEFT JOIN loans_position AS platform
           ON platform.installment_id = installment.id AND platform.partner_id = loan.platform_id
    LEFT JOIN LATERAL (
        SELECT sum(amount) AS amount, max(booked_on) AS last_on FROM loans_payment
        WHERE installment_id = installment.id AND status = 'settled') AS booked ON TRUE
    LEFT JOIN LATERAL (
        SELECT sum(amount) AS amount FROM loans_payment
        WHERE installment_id = installment.id AND status = 'received') AS seen ON TRUE
    LEFT JOIN LATERAL (
        SELECT max(returned_at) AS last_at FROM loans_payment
        WHERE installment_id = installment.id AND status = 'returned') AS back ON TRUE
    WHERE installment.id = ANY(%(ids)s) AND installment.state <> 'withdrawn'),
derived AS (
    SELECT said.id, said.paid, said.last_on,
           CASE WHEN said.paid = installment.total - installment.waived THEN 'settled'
                WHEN said.platform_paid
                     OR said.seen >= installment.total - installment.waived - said.paid THEN 'awaiting_bank'
                ELSE 'open' END AS state
    FROM said JOIN loans_installment AS installment USING (id))
UPDATE loans_installment AS installment
SET paid = derived.paid,
    outstanding = installment.total - installment.waived - derived.paid,
    state = derived.state,
    settled_on = CASE WHEN derived.state = 'settled' THEN COALESCE(installment.settled_on, derived.last_on) END
FROM derived
WHERE installment.id = derived.id
  AND (installment.paid, installment.state) IS DISTINCT FROM (derived.paid, derived.state)
RETURNING installment.id
"""


def settle_up(installment_ids: Iterable[int]) -> set[int]:
    """Derive paid, outstanding and state of these installments anew; returns the ids of those that changed."""
    ids = sorted(installment_ids)
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE_UP, {"ids": ids})
        return {row[0] for row in cursor.fetchall()}


def settle_bookings(installment_ids: Collection[int], report: Report) -> set[int]:
    """The bank booked money for these installments: derive their states, let the bank's positions say so too, and see
    whether the firms agree.
    """
    changed = settle_up(installment_ids)
    booked = Installment.objects.filter(pk__in=installment_ids).order_by("pk")
    save_positions(
        Position(
            installment_id=pk,
            partner_id=bank_id,
            status=Position.Status.DUE if outstanding else Position.Status.PAID,
            paid=paid,
            as_of=report.received_at,
            report=report,
        )
        for pk, bank_id, outstanding, paid in booked.values_list("pk", "loan__bank", "outstanding", "paid")
    )
    follow_differences(installment_ids, now=report.received_at)
    return changed


def save_positions(positions: Iterable[Position], *, with_schedule: bool = False) -> None:
    """Write them over those that the same partners gave for the same installments, `with_schedule` also due date and
    total; what was said before is kept as a PositionChange.
    """
    Position.objects.bulk_create(
        positions,
        update_conflicts=True,
        unique_fields=["installment", "partner"],
        update_fields=["status", "paid", "as_of", "report", *(["due_on", "total"] if with_schedule else [])],
    )


def book_what_the_bank_shows(installment_ids: Iterable[int], *, now: datetime) -> list[tuple[int, int]]:
    """Payments that the platform saw, on installments that the bank shows as settled, are booked.

    Returns (payment, installment) of each.
    """
    waiting = Payment.objects.awaiting_bank().filter(
        installment__in=list(installment_ids), installment__state=Installment.State.SETTLED
    )
    locked = waiting.order_by("pk").select_for_update(of=("self",), no_key=True)
    booked = list(locked.values_list("pk", "installment"))
    ids = [payment_id for payment_id, _installment_id in booked]
    Payment.objects.awaiting_bank().filter(pk__in=ids).update(status=Payment.Status.SETTLED, settled_at=now)
    return booked
