"""Two positions, one state: what an installment's state is by what both firms have said.

The state is derived from facts that are kept (the bank's position, booked payments, the platform's position, payments
it saw), so the order in which they arrived does not matter and deriving it again changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import connection

from loans.models import Installment, Payment, Position, Report

# What is paid is the most that the bank has said in either way: its own figure already holds what it booked.
_SETTLE_UP: Final = """
WITH said AS (
    SELECT installment.id,
           LEAST(installment.total - installment.waived,
                 GREATEST(COALESCE(bank.paid, 0), COALESCE(booked.amount, 0))) AS paid,
           COALESCE(platform.status = 'paid', FALSE) AS platform_paid,
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
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE_UP, {"ids": sorted(installment_ids)})
        return {row[0] for row in cursor.fetchall()}


def settle_booking(installment_id: int, report: Report) -> set[int]:
    """The bank booked money for this installment: derive its state, and let the bank's position say so too."""
    changed = settle_up([installment_id])
    installment = Installment.objects.select_related("loan").get(pk=installment_id)
    status = Position.Status.PAID if installment.outstanding == 0 else Position.Status.DUE
    Position.objects.update_or_create(
        installment=installment,
        partner_id=installment.loan.bank_id,
        defaults={"status": status, "paid": installment.paid, "as_of": report.received_at, "report": report},
    )
    return changed


def book_what_the_bank_shows(installment_ids: Iterable[int], *, now: datetime) -> list[int]:
    """Payments that the platform saw, on installments that the bank shows as settled, are booked; returns their ids."""
    waiting = Payment.objects.awaiting_bank().filter(
        installment__in=list(installment_ids), installment__state=Installment.State.SETTLED
    )
    ids = list(waiting.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    Payment.objects.awaiting_bank().filter(pk__in=ids).update(status=Payment.Status.SETTLED, settled_at=now)
    return ids
