"""Ends the waiting for a bank: somebody found out that what only the platform has seen never came."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from loans.intake.moving import read_accounts
from loans.intake.news import News
from loans.intake.settling import settle
from loans.models import Installment, Payment, PaymentPart


@transaction.atomic
def stop_waiting(installment_id: int, *, now: datetime) -> bool:
    """Let the installment be owed again, whatever the platform has said until `now` (UTC), and tell the floors above.

    Payments that only the platform has seen count as returned, so that their payer is told before anything is demanded.
    What either firm says later counts again. Returns False where it does not wait for the bank, and changes nothing.
    """
    loan_id = Installment.objects.values_list("loan", flat=True).get(pk=installment_id)
    accounts = read_accounts({loan_id}, None)
    waiting = Installment.objects.filter(pk=installment_id, state=Installment.State.AWAITING_BANK)
    if not waiting.update(asked_again_at=now):
        return False
    laid = PaymentPart.objects.filter(payment=OuterRef("pk"), installment=installment_id)
    seen = Payment.objects.awaiting_bank().filter(Q(installment=installment_id) | Exists(laid), loan=loan_id)
    seen.update(given_up_at=now)
    settle(accounts, {installment_id}, now=now)
    News.of(news for _account, news in accounts.values()).send()
    return True
