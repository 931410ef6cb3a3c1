"""Two providers for a channel: one that fails or keeps silent is passed over."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch, suppliers
from notifications.channels.base import Outcome, Result
from notifications.models import Alarm, Delivery, Supplier
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery, make_prompt
from notifications.tests.outside import SandboxProcess, find_closed_port

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def two(settings: Settings) -> Settings:
    settings.SMS_PROVIDERS = ["kannel", "twilio"]
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = f"AC{'0' * 32}", "token"
    settings.TWILIO_SENDER = "+14155552345"
    return settings


@pytest.mark.usefixtures("two")
def test_the_first_one_is_asked_until_it_is_passed_over() -> None:
    assert suppliers.pick("sms", now=NOON) == "kannel"
    suppliers.pause("kannel", why="does not answer", now=NOON)
    assert suppliers.pick("sms", now=NOON) == "twilio"
    assert suppliers.pick("sms", now=NOON + MINUTE) == "kannel"


@pytest.mark.usefixtures("two")
def test_where_all_are_passed_over_the_one_whose_pause_ends_first_is_asked() -> None:
    suppliers.pause("kannel", why="down", now=NOON)
    suppliers.pause("twilio", why="down", now=NOON - MINUTE / 2)
    assert suppliers.pick("sms", now=NOON) == "twilio"


def test_each_pause_is_twice_as_long_as_the_one_before_up_to_a_quarter_of_an_hour() -> None:
    lengths, now = [], NOON
    for _ in range(6):
        suppliers.pause("kannel", why="down", now=now)
        until = Supplier.objects.get().paused_until
        assert until is not None
        lengths.append((until - now) / MINUTE)
        now = until
    assert lengths == [1, 2, 4, 8, 15, 15]
    assert Alarm.objects.open().count() == 1
    suppliers.clear("kannel", now=now)
    assert not Alarm.objects.open().exists()
    assert Supplier.objects.get().strikes == 0


def test_two_failures_say_nothing_about_a_provider_and_ten_do() -> None:
    failed = Outcome("x", Result.TEMPORARY)
    assert not suppliers.fails([failed] * 2)
    assert suppliers.fails([failed] * 10)
    assert not suppliers.fails([failed] * 10 + [Outcome("y", Result.ACCEPTED)] * 10)
    assert not suppliers.fails([Outcome("y", Result.PERMANENT)] * 50)


def test_one_that_does_not_take_what_it_is_given_is_passed_over_and_cleared_when_it_does(
    sandbox: SandboxProcess, two: Settings
) -> None:
    two.EMAIL_HOST, two.EMAIL_PORT = "127.0.0.1", find_closed_port()
    for _ in range(12):
        make_delivery(channel=Delivery.Channel.EMAIL)
    dispatch.dispatch("email", clock=lambda: NOON)
    assert Supplier.objects.get(name="smtp").strikes == 1
    assert Alarm.objects.open().get().subject == "provider:smtp"
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.RETRYING}
    two.EMAIL_PORT = sandbox.smtp_port
    Delivery.objects.update(next_attempt_at=NOON)
    assert dispatch.dispatch("email", clock=lambda: NOON + MINUTE) == 12
    assert Supplier.objects.get(name="smtp").strikes == 0
    assert not Alarm.objects.open().exists()


def test_one_person_says_once_how_a_provider_does_however_many_messages_they_make(two: Settings) -> None:
    two.EMAIL_HOST, two.EMAIL_PORT = "127.0.0.1", find_closed_port()
    person = make_borrower()
    for number in range(12):
        loan = make_loan(person, external_id=f"LN-{number}")
        make_delivery(make_prompt(make_installment(loan, due_on=NOON.date())), Delivery.Channel.EMAIL)
    assert dispatch.dispatch("email", clock=lambda: NOON) == 12
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.RETRYING}
    assert not Supplier.objects.exists()
    assert not Alarm.objects.exists()


def test_what_came_last_counts_and_no_more_people_than_were_told_lately() -> None:
    watch = dispatch.Watch("kannel", whose={f"{number}": number for number in range(150)} | {"again": 149})
    watch.note([Outcome(f"{number}", Result.PERMANENT) for number in range(150)], now=NOON)
    watch.note([Outcome("again", Result.TEMPORARY)], now=NOON)
    assert list(watch.recent) == list(range(50, 150))
    assert watch.recent[149].result is Result.TEMPORARY
    assert watch.whose == {}


@pytest.mark.usefixtures("two")
def test_one_whose_receipts_stay_away_is_passed_over() -> None:
    for number in range(12):
        status = Status.UNCONFIRMED if number else Status.DELIVERED
        make_delivery(status=status, sent_at=NOON - MINUTE, provider="kannel")
    assert suppliers.pass_over_slow(now=NOON) == ["kannel"]
    assert suppliers.pick("sms", now=NOON) == "twilio"


@pytest.mark.usefixtures("two")
def test_one_address_whose_receipts_stay_away_says_nothing_of_a_provider() -> None:
    prompt = make_prompt()
    for number in range(12):
        make_delivery(prompt, status=Status.UNCONFIRMED, sent_at=NOON - MINUTE, provider="kannel", ordinal=number)
    assert suppliers.pass_over_slow(now=NOON) == []
