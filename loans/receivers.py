"""Hears what happens in this floor and writes what the partners are told of it, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from loans import signals
from loans.models import Dispute, OutwardEvent, Payment
from loans.outward.telling import LoanFact, anybody_hears, tell_partners

Kind = OutwardEvent.Kind


@receiver(signals.payments_settled)
def tell_settled(payment_ids: list[int], **_: Any) -> None:
    _tell_payments(Kind.PAYMENT_SETTLED, payment_ids)


@receiver(signals.payments_returned)
def tell_returned(payment_ids: list[int], **_: Any) -> None:
    _tell_payments(Kind.PAYMENT_RETURNED, payment_ids)


@receiver(signals.dispute_opened)
def tell_dispute(dispute_id: int, **_: Any) -> None:
    _tell_dispute(Kind.DISPUTE_OPENED, dispute_id)


@receiver(signals.dispute_decided)
def tell_decision(dispute_id: int, **_: Any) -> None:
    _tell_dispute(Kind.DISPUTE_DECIDED, dispute_id)


def _tell_payments(kind: OutwardEvent.Kind, payment_ids: Sequence[int]) -> None:
    if not anybody_hears():
        return
    now = timezone.now()
    payments = Payment.objects.filter(pk__in=payment_ids).select_related("installment").order_by("pk")
    tell_partners((_of_payment(kind, payment, now) for payment in payments), at=now)


def _of_payment(kind: OutwardEvent.Kind, payment: Payment, now: datetime) -> LoanFact:
    """Told at each change: what went back and was booked after all may go back once more."""
    data = {
        "payment": payment.pk,
        "installment": payment.installment.number if payment.installment else None,
        "amount": str(payment.amount),
        "currency": payment.currency,
        "end_to_end_id": payment.end_to_end_id,
        "paid_on": payment.paid_on.isoformat(),
        "booked_on": payment.booked_on.isoformat() if payment.booked_on else None,
    }
    subject = f"payment:{payment.pk}:{now.isoformat()}"
    return LoanFact(kind=kind, loan_id=payment.loan_id, subject=subject, data=data)


def _tell_dispute(kind: OutwardEvent.Kind, dispute_id: int) -> None:
    if not anybody_hears():
        return
    dispute = Dispute.objects.select_related("installment").get(pk=dispute_id)
    data = {
        "dispute": dispute.receipt_number,
        "about": dispute.kind,
        "installment": dispute.installment.number if dispute.installment else None,
        "answer_due_on": dispute.answer_due_on.isoformat(),
    }
    if kind == Kind.DISPUTE_DECIDED:
        data["decision"] = dispute.decision
    fact = LoanFact(kind=kind, loan_id=dispute.loan_id, subject=f"dispute:{dispute.pk}", data=data)
    tell_partners([fact], at=timezone.now())
