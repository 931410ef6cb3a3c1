"""Hears what happens in the floors below and writes what has to be told or taken back, in the same transaction."""

from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts.signals import phones_named
from loans import signals
from loans.models import Dispute, Payment
from notifications import tasks
from notifications.cancellation import cancel_disputed, cancel_held, cancel_outdated, cancel_settled
from notifications.clock import Clock
from notifications.demanding_again import demand_again
from notifications.handing_on import hand_on
from notifications.models import DisputedPrompt, Prompt
from notifications.number_replaced import follow_numbers
from notifications.outage_news import plan_unheard
from notifications.planning import plan_dispute_step, plan_outage, plan_payments
from notifications.planning_changes import plan_changes
from notifications.returned_untold import returned_untold

Kind = Prompt.Kind


@receiver(phones_named)
def follow_phones(user_ids: list[int], **_: Any) -> None:
    follow_numbers(user_ids, now=timezone.now())


@receiver(signals.payments_received)
def confirm_received(payment_ids: list[int], **_: Any) -> None:
    _tell(Kind.PAYMENT_RECEIVED, payment_ids)


@receiver(signals.payments_settled)
def confirm_settled(payment_ids: list[int], **_: Any) -> None:
    _tell(Kind.PAYMENT_SETTLED, payment_ids)


@receiver(signals.payments_returned)
def tell_returned(payment_ids: list[int], **_: Any) -> None:
    _tell(Kind.PAYMENT_RETURNED, payment_ids)


@receiver(signals.loans_given_over)
def leave_the_former(loan_ids: list[int], **_: Any) -> None:
    """What is about figures is taken back with the versions of its installments."""
    cancel_outdated(Payment.everything.filter(loan__in=loan_ids), now=timezone.now())


@receiver(signals.installments_changed)
def follow_schedule(installment_ids: list[int], **_: Any) -> None:
    now = timezone.now()
    cancel_settled(installment_ids, now=now)
    hand_on(installment_ids, Clock.at(now))
    cancel_outdated(Payment.everything.filter(installment__in=installment_ids), now=now)
    plan_changes(installment_ids, Clock.at(now))
    if untold := returned_untold(installment_ids):
        _tell(Kind.PAYMENT_RETURNED, untold)
    plan_unheard(installment_ids, Clock.at(now))
    transaction.on_commit(tasks.wake_planner, robust=True)


@receiver(signals.installments_held)
def hold_and_tell(installment_ids: list[int], outage_id: int, **_: Any) -> None:
    now = timezone.now()
    cancel_held(installment_ids, now=now)
    plan_outage(outage_id, installment_ids, Clock.at(now))
    transaction.on_commit(tasks.wake_senders, robust=True)


@receiver(signals.dispute_opened)
def hold_and_confirm(dispute_id: int, about: str = "", **_: Any) -> None:
    now = timezone.now()
    _link_prompt(dispute_id, about)
    cancel_disputed(dispute_id, now=now)
    plan_dispute_step(Kind.DISPUTE_OPENED, dispute_id, 0, Clock.at(now))
    transaction.on_commit(tasks.wake_senders, robust=True)


@receiver(signals.dispute_answered)
def pass_on_answer(dispute_id: int, message_id: int, **_: Any) -> None:
    plan_dispute_step(Kind.DISPUTE_ANSWERED, dispute_id, message_id, Clock.at(timezone.now()))
    transaction.on_commit(tasks.wake_senders, robust=True)


@receiver(signals.dispute_decided)
def pass_on_decision(dispute_id: int, **_: Any) -> None:
    clock = Clock.at(timezone.now())
    plan_dispute_step(Kind.DISPUTE_DECIDED, dispute_id, 0, clock)
    demand_again(dispute_id, clock)
    transaction.on_commit(tasks.wake_senders, robust=True)


def _tell(kind: Prompt.Kind, payment_ids: list[int]) -> None:
    """What was news of these payments before, and is waiting, is taken back."""
    now = timezone.now()
    cancel_outdated(Payment.everything.filter(pk__in=payment_ids), now=now)
    plan_payments(kind, payment_ids, Clock.at(now))
    transaction.on_commit(tasks.wake_senders, robust=True)


def _link_prompt(dispute_id: int, about: str) -> None:
    """Tie the dispute to the prompt that its form was opened from, if it is one of the same borrower's."""
    kind, _colon, number = about.partition(":")
    if kind != "prompt" or not (number.isascii() and number.isdigit()):
        return
    dispute = Dispute.objects.get(pk=dispute_id)
    prompt = Prompt.objects.of(dispute.borrower_id).filter(pk=int(number)).first()
    if prompt:
        DisputedPrompt.objects.get_or_create(dispute=dispute, defaults={"prompt": prompt})
