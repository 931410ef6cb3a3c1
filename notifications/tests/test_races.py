"""Two workers, two receipts, a payment and a prompt: at the same moment, on real connections."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Event
from typing import TypeVar
from unittest.mock import patch

import pytest
import time_machine
from django.db import connection, transaction

from accounts.tests.factories import make_borrower
from loans.models import Installment, Loan
from loans.tests.factories import make_installment, make_loan
from notifications import prior_notice, tasks
from notifications.acknowledgement import acknowledge
from notifications.cancellation import cancel, take_back_retries
from notifications.escalation import climb
from notifications.ladder import OFF_THE_LADDER
from notifications.models import Acknowledgement, Delivery, NoticeEvent, Prompt, Receipt
from notifications.planning import plan_upcoming
from notifications.prior_notice import give_prior_notice
from notifications.signatures import reference_of
from notifications.states import Status, Step, advance
from notifications.tests.bundles import make_pair
from notifications.tests.factories import NOON, TODAY, claim, clock, hear, make_delivery, make_prompt

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
Made = TypeVar("Made")


def at_once(*actions: Callable[[], Made]) -> list[Made]:
    """Run the actions at the same moment, each in a thread with a connection of its own."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], Made]) -> Made:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=10)
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(run, action) for action in actions]]


def test_two_planners_plan_each_installment_once() -> None:
    for days in range(8):
        make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=days))
    planned = at_once(*[lambda: plan_upcoming(clock())] * 4)
    assert sum(planned) == Prompt.objects.count() == 8
    assert Delivery.objects.count() == 16
    assert NoticeEvent.objects.count() == 8


def test_two_workers_never_claim_the_same_delivery() -> None:
    for _ in range(40):
        make_delivery()
    claimed = at_once(*[lambda: claim("sms", now=NOON, limit=15)] * 4)
    taken = [delivery_id for batch in claimed for delivery_id in batch]
    assert len(taken) == len(set(taken)) == 40


def test_two_climbers_move_a_prompt_once() -> None:
    delivery = make_delivery(status=Status.SENT)
    advance([Step(delivery_id=delivery.pk, to=Status.FAILED)], now=NOON)
    at_once(*[lambda: climb(clock())] * 3)
    assert Delivery.objects.filter(channel="email").count() == 1
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.MOVED).count() == 1


def test_the_same_receipt_at_once_is_kept_twice_and_moves_once() -> None:
    delivery = make_delivery(status=Status.SENT)
    raw = f"reference={reference_of(delivery.pk)}&type=1".encode()
    at_once(*[lambda: hear("kannel", raw=raw, now=NOON)] * 3)
    assert Receipt.objects.count() == 3
    assert Receipt.objects.filter(moved=True).count() == 1


def test_delivered_and_failed_at_once_end_as_delivered() -> None:
    for _ in range(5):
        delivery = make_delivery(status=Status.SENDING)

        def say(target: Delivery.Status, pk: int = delivery.pk) -> int:
            return len(advance([Step(delivery_id=pk, to=target)], now=NOON))

        at_once(lambda: say(Status.DELIVERED), lambda: say(Status.FAILED), lambda: say(Status.SENT))
        delivery.refresh_from_db()
        assert delivery.status == Status.DELIVERED


def test_i_know_pressed_twice_at_once_is_one_acknowledgement() -> None:
    delivery = make_delivery(status=Status.DELIVERED)

    def press() -> int:
        made = acknowledge(prompt_id=delivery.prompt_id, method="link", delivery_id=delivery.pk, now=NOON)
        return made.pk

    assert len(set(at_once(press, press, press))) == 1
    assert Acknowledgement.objects.count() == 1
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.ACKNOWLEDGED).count() == 1


def test_a_prompt_paid_while_it_is_claimed_is_either_sent_or_taken_back_never_both() -> None:
    from loans import signals

    for _ in range(5):
        delivery = make_delivery()
        installment = delivery.prompt.installment
        assert installment is not None

        def pay(pk: int = installment.pk) -> list[int]:
            Installment.objects.filter(pk=pk).update(state=Installment.State.AWAITING_BANK)
            signals.installments_changed.send(sender=None, installment_ids=[pk])
            return []

        claimed, _paid = at_once(lambda: claim("sms", now=NOON), pay)
        delivery.refresh_from_db()
        assert delivery.status == (Status.SENDING if claimed else Status.CANCELLED)


@pytest.mark.parametrize("ended", ["cancelled", "acknowledged"])
def test_what_is_to_be_tried_again_of_a_prompt_that_ended_in_the_same_moment_is_taken_back(ended: str) -> None:
    delivery = make_delivery(status=Status.SENDING, handed_at=NOON, attempts=1)
    soon = NOON + timedelta(seconds=5)

    def not_taken() -> int:
        try:
            step = Step(delivery_id=delivery.pk, to=Status.RETRYING, reason="no connection", next_attempt_at=soon)
            return len(advance([step], now=NOON))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        if ended == "cancelled":
            cancel(Prompt.objects.all(), reason="disputed", now=NOON)
        else:
            acknowledge(prompt_id=delivery.prompt_id, method="link", delivery_id=delivery.pk, now=NOON)
        assert pool.submit(not_taken).result(timeout=10) == 1
    delivery.refresh_from_db()
    assert delivery.status == Status.RETRYING
    with time_machine.travel(NOON, tick=False):
        tasks.tidy()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == (Status.CANCELLED, {"cancelled": "disputed"}.get(ended, ended))


def test_what_an_agent_sends_again_to_somebody_who_knows_is_tried_again() -> None:
    prompt = make_prompt(status=Prompt.Status.ACKNOWLEDGED)
    make_delivery(prompt, status=Status.RETRYING, rung=OFF_THE_LADDER, attempts=1)
    assert take_back_retries(now=NOON) == 0


def test_of_notices_given_at_once_none_waits_for_a_message_that_is_not_there() -> None:
    """The second has looked already when the first, which would lead, is written by somebody else."""
    first, second = make_pair(due_on=TODAY - timedelta(days=12))
    looked, written = Event(), Event()
    begun = prior_notice._overdue

    def slowly(loans: Sequence[Loan], now: datetime) -> list[Installment]:
        rows = begun(loans, now)
        if len(loans) == 2:
            looked.set()
            written.wait(timeout=3)
        return rows

    def of_both() -> int:
        return give_prior_notice([first.loan, second.loan], clock(), days=10).given

    def of_the_first() -> int:
        looked.wait(timeout=10)
        try:
            return give_prior_notice([first.loan], clock(), days=10).given
        finally:
            written.set()

    with patch.object(prior_notice, "_overdue", slowly):
        assert sum(at_once(of_both, of_the_first)) == 2
    leading = Prompt.objects.get(told_with=None)
    assert Prompt.objects.get(told_with__isnull=False).told_with == leading
    assert Delivery.objects.get(channel="sms").prompt == leading
