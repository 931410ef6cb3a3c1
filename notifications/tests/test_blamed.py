"""A receipt that calls an address dead is believed while nothing has come through to it since its message left."""

from datetime import datetime, timedelta

import pytest

from accounts.contact_points import confirm_contact_point
from accounts.models import ContactPoint
from notifications.models import Delivery, NoticeEvent
from notifications.signatures import reference_of
from notifications.tests.cases import bounce
from notifications.tests.factories import NOON, hear, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SMS, EMAIL = Delivery.Channel.SMS, Delivery.Channel.EMAIL
PROVIDER = {SMS: "kannel", EMAIL: "smtp"}
both_ways = pytest.mark.parametrize("channel", [SMS, EMAIL])


def sent(channel: str, at: datetime = NOON, before: Delivery | None = None, **fields: object) -> Delivery:
    """Handed over `at`, to whom `before` went."""
    prompt = make_prompt(before.prompt.installment, stage=1) if before else None
    times = {"handed_at": at, "sent_at": at, "attempts": 1}
    return make_delivery(prompt, channel=channel, **{"status": "sent", **times, **fields})


def blame(delivery: Delivery) -> bytes:
    dead_number = f"reference={reference_of(delivery.pk)}&type=16&answer=NACK/0x0000000b".encode()
    return dead_number if delivery.channel == SMS else bounce(delivery)


def say(delivery: Delivery, raw: bytes, now: datetime) -> None:
    hear(PROVIDER[Delivery.Channel(delivery.channel)], raw, now=now)


def arrive(delivery: Delivery, now: datetime) -> None:
    raw = f"reference={reference_of(delivery.pk)}&type=1".encode()
    say(delivery, raw if delivery.channel == SMS else bounce(delivery).replace(b"failed", b"delivered"), now)


def prove(delivery: Delivery, now: datetime) -> None:
    point = point_of(delivery)
    confirm_contact_point(user=point.user, kind=point.kind, address=point.address, now=now)


def point_of(delivery: Delivery) -> ContactPoint:
    return ContactPoint.objects.get(deliveries=delivery)


def marked(delivery: Delivery) -> datetime | None:
    return point_of(delivery).unreachable_since


@both_ways
@pytest.mark.parametrize("before", [True, False], ids=["once more", "for the first time"])
def test_what_blames_again_after_the_owner_proved_the_address_marks_nothing(before: bool, channel: str) -> None:
    message = sent(channel)
    if before:
        prove(message, NOON - 24 * HOUR)
    say(message, blame(message), NOON + MINUTE)
    assert marked(message) == NOON + MINUTE
    prove(message, NOON + HOUR)
    say(message, blame(message), NOON + 5 * HOUR)
    assert marked(message) is None


@both_ways
def test_nor_does_it_after_something_else_has_arrived_there(channel: str) -> None:
    message = sent(channel)
    say(message, blame(message), NOON + MINUTE)
    arrive(sent(channel, NOON + HOUR, before=message), NOON + HOUR + MINUTE)
    assert marked(message) is None
    say(message, blame(message), NOON + 5 * HOUR)
    assert marked(message) is None


@both_ways
def test_what_blames_late_for_the_first_time_gives_way_to_a_proof_since(channel: str) -> None:
    message = sent(channel)
    prove(message, NOON + HOUR)
    say(message, blame(message), NOON + 5 * HOUR)
    assert (Delivery.objects.get(pk=message.pk).status, marked(message)) == ("failed", None)


@both_ways
def test_a_message_that_has_arrived_blames_nobody(channel: str) -> None:
    message = sent(channel)
    arrive(message, NOON + MINUTE)
    say(message, blame(message), NOON + HOUR)
    kinds = NoticeEvent.objects.filter(delivery_id=message.pk).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["delivered", "conflict"]
    assert marked(message) is None


@both_ways
def test_nor_does_one_whose_worker_had_a_clock_that_was_ahead(channel: str) -> None:
    message = sent(channel, NOON + HOUR, status="delivered", delivered_at=NOON)
    say(message, blame(message), NOON + 2 * HOUR)
    assert marked(message) is None


@both_ways
def test_a_message_handed_over_after_the_last_proof_and_arrival_is_believed(channel: str) -> None:
    first = sent(channel)
    prove(first, NOON + MINUTE)
    arrive(first, NOON + 2 * MINUTE)
    later = sent(channel, NOON + HOUR, before=first)
    say(later, blame(later), NOON + 2 * HOUR)
    assert marked(later) == NOON + 2 * HOUR


@both_ways
@pytest.mark.parametrize("before", ["failed", "unconfirmed", "cancelled"])
def test_so_is_the_reason_that_comes_after_we_had_given_up(before: str, channel: str) -> None:
    message = sent(channel, status=before, sent_at=None, attempts=6)
    say(message, blame(message), NOON + HOUR)
    assert marked(message) == NOON + HOUR


@both_ways
def test_what_reached_somebody_else_or_at_another_address_says_nothing_of_this_one(channel: str) -> None:
    message = sent(channel)
    arrive(sent(channel), NOON + MINUTE)
    arrive(sent(EMAIL if channel == SMS else SMS, before=message), NOON + MINUTE)
    say(message, blame(message), NOON + HOUR)
    assert marked(message) == NOON + HOUR
