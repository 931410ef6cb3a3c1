"""Ends the waiting for a bank: somebody found out that what only the platform has seen never came."""

from datetime import datetime

from django.db import transaction

from loans import signals
from loans.differences import follow_differences
from loans.models import Installment, Loan, Payment
from loans.reconciliation import settle_up


@transaction.atomic
def stop_waiting(installment_id: int, *, now: datetime) -> bool:
    """Let the installment be owed again, whatever the platform has said until `now` (UTC), and tell the floors above.

    Payments that only the platform has seen count as returned, so that their payer is told before anything is demanded.
    What either firm says later counts again. Returns False where it does not wait for the bank, and changes nothing.
    """
    # The loan's row is the lock of all that hangs on it; see intake.cases.open_cases.
    Loan.objects.filter(installments=installment_id).select_for_update(of=("self",), no_key=True).first()
    waiting = Installment.objects.filter(pk=installment_id, state=Installment.State.AWAITING_BANK)
    if not waiting.update(asked_again_at=now):
        return False
    seen = Payment.objects.awaiting_bank().filter(installment=installment_id)
    returned = list(seen.order_by("pk").values_list("pk", flat=True))
    Payment.objects.awaiting_bank().filter(pk__in=returned).update(status=Payment.Status.RETURNED)
    changed = settle_up([installment_id])
    follow_differences([installment_id], now=now)
    if changed:
        signals.installments_changed.send(sender=None, installment_ids=sorted(changed))
    if returned:
        signals.payments_returned.send(sender=None, payment_ids=returned)
    return True
