"""A provider that used to say what arrived, and says no more than that it has what it is given."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from notifications import suppliers
from notifications.channels.base import Outcome, Result
from notifications.models import Alarm
from notifications.states import Status
from notifications.supplier_watch import Watch
from notifications.tests.factories import NOON
from notifications.tests.test_suppliers import look, swallow, take

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EARLIER = NOON - 3 * HOUR


@pytest.fixture(autouse=True)
def _two(settings: Settings) -> None:
    settings.SMS_PROVIDERS = ["kannel", "twilio"]
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = f"AC{'0' * 32}", "token"
    settings.TWILIO_SENDER = "+14155552345"


@pytest.mark.parametrize("word", ["accepted", "delayed"])
def test_one_that_used_to_say_what_arrived_and_now_only_that_it_has_them_is_passed_over(word: str) -> None:
    swallow(at=EARLIER, status=Status.DELIVERED)
    assert look(EARLIER + 10 * MINUTE) == []
    take(word)
    assert look(NOON + 9 * MINUTE) == []
    assert look(NOON + 10 * MINUTE) == ["kannel"]
    assert suppliers.pick("sms", now=NOON + 10 * MINUTE) == "twilio"
    assert Alarm.objects.open().get().detail == f"kannel {suppliers.NONE_ARRIVE}"


def test_it_stays_so_however_much_it_takes_and_until_something_arrives() -> None:
    swallow(at=EARLIER, status=Status.DELIVERED)
    look(EARLIER + 10 * MINUTE)
    take(count=60)
    look(NOON + 10 * MINUTE)
    again = NOON + 26 * MINUTE
    take(count=3, at=again)
    Watch("kannel", "sms").note([Outcome("x", Result.ACCEPTED)], now=again)
    assert look(again + 10 * MINUTE) == []
    assert Alarm.objects.open().exists()
    take(at=again + MINUTE)
    assert look(again + 11 * MINUTE) == ["kannel"]
    third = again + 42 * MINUTE
    swallow(3, at=third, status=Status.DELIVERED)
    assert look(third + 10 * MINUTE) == []
    assert not Alarm.objects.open().exists()


def test_what_it_says_now_and_then_of_a_few_is_no_word_on_the_others() -> None:
    swallow(at=EARLIER, status=Status.DELIVERED)
    look(EARLIER + 10 * MINUTE)
    take(count=30)
    swallow(2, status=Status.DELIVERED)
    assert look(NOON + 10 * MINUTE) == ["kannel"]


def test_one_of_which_part_arrives_as_ever_is_not_silent() -> None:
    swallow(at=EARLIER, status=Status.DELIVERED)
    look(EARLIER + 10 * MINUTE)
    take(count=12)
    swallow(4, status=Status.DELIVERED)
    assert look(NOON + 10 * MINUTE) == []


def test_a_route_that_has_reported_no_arrivals_for_a_week_is_not_silent() -> None:
    swallow(at=NOON - 8 * DAY, status=Status.DELIVERED)
    look(NOON - 8 * DAY + 10 * MINUTE)
    take()
    assert look(NOON + 10 * MINUTE) == []


def test_what_a_few_people_got_says_nothing_of_a_route() -> None:
    swallow(9, at=EARLIER, status=Status.DELIVERED)
    look(EARLIER + 10 * MINUTE)
    take()
    assert look(NOON + 10 * MINUTE) == []


def test_one_that_is_alone_is_no_alarm_for_what_it_does_not_say(settings: Settings) -> None:
    swallow(at=EARLIER, status=Status.DELIVERED)
    look(EARLIER + 10 * MINUTE)
    settings.SMS_PROVIDERS = ["kannel"]
    take()
    assert look(NOON + 10 * MINUTE) == []


def test_a_look_costs_the_same_however_many_were_told(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    swallow(at=EARLIER, status=Status.DELIVERED)
    look(EARLIER + 10 * MINUTE)
    for count in (1, 12):
        swallow(count, at=EARLIER + 45 * MINUTE, status=Status.DELIVERED)
        with django_assert_num_queries(9):
            look(EARLIER + 55 * MINUTE)
