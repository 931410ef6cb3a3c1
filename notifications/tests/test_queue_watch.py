"""What waits to be sent while nobody sends is an alarm."""

from datetime import timedelta

import pytest
import time_machine

from accounts.tests.factories import make_agent
from notifications import dispatch, tasks
from notifications.halting import halt
from notifications.models import Alarm, Delivery, Sweep
from notifications.queue_watch import watch_queues
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.sweeps import all_ended

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LATER = NOON + 15 * MINUTE


@pytest.fixture(autouse=True)
def _nobody_sends() -> None:
    """Since noon; all else runs."""
    all_ended(LATER)
    Sweep.objects.filter(name__startswith="send-").update(ended_at=NOON)


def subjects() -> set[str]:
    return set(Alarm.objects.open().values_list("subject", flat=True))


def test_each_channel_on_which_something_waits_has_an_alarm_which_closes_when_it_has_gone_out() -> None:
    make_delivery(next_attempt_at=NOON)
    make_delivery(channel=Delivery.Channel.IN_APP, next_attempt_at=NOON)
    with time_machine.travel(LATER, tick=False):
        tasks.reconcile()
    assert subjects() == {"queue:sms", "queue:in_app"}
    alarm = Alarm.objects.get(subject="queue:sms")
    assert (alarm.kind, alarm.facts) == ("queue", {"channel": "sms", "since": NOON.isoformat()})
    assert dispatch.dispatch("in_app", clock=lambda: LATER) == 1
    assert watch_queues(LATER + MINUTE) == 1
    assert subjects() == {"queue:sms"}


def test_a_long_queue_that_is_worked_is_none() -> None:
    make_delivery(next_attempt_at=NOON)
    Sweep.objects.filter(name="send-sms").update(ended_at=LATER - 3 * MINUTE)
    assert watch_queues(LATER) == 0


def test_what_waits_for_less_than_ten_minutes_is_none() -> None:
    make_delivery(next_attempt_at=LATER - 9 * MINUTE)
    assert watch_queues(LATER) == 0


@pytest.mark.parametrize("channel", ["", "sms"])
def test_what_is_halted_is_none(channel: str) -> None:
    delivery = make_delivery(next_attempt_at=NOON)
    halt(reason="wrong", by=make_agent(), now=NOON, channel=channel, partner=delivery.prompt.loan.bank)
    assert watch_queues(LATER) == 0


def test_what_is_not_owed_any_more_is_none() -> None:
    delivery = make_delivery(next_attempt_at=NOON)
    installment = delivery.prompt.installment
    assert installment is not None
    installment.state = "awaiting_bank"
    installment.save()
    assert watch_queues(LATER) == 0


def test_an_empty_queue_is_none_and_what_was_sent_closes_it() -> None:
    assert watch_queues(LATER) == 0
    delivery = make_delivery(next_attempt_at=NOON)
    assert watch_queues(LATER) == 1
    all_ended(LATER + MINUTE)
    assert watch_queues(LATER + MINUTE) == 0
    assert Alarm.objects.get().closed_at == LATER + MINUTE
    assert Delivery.objects.get(pk=delivery.pk).status == "queued"
