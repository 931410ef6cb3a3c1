"""Two providers for a channel: one that fails or keeps silent is passed over."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import ContactPoint
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch, supplier_receipts, suppliers
from notifications.channels.base import Outcome, Result
from notifications.models import Alarm, Delivery, Supplier
from notifications.states import Status
from notifications.supplier_watch import Watch
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt, make_receipt
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


def test_an_open_alarm_says_why_its_provider_is_passed_over_now() -> None:
    suppliers.pause("kannel", why=f"{suppliers.FAILS}the gateway cannot be reached", now=NOON)
    suppliers.pause("kannel", why=suppliers.SLOW, now=NOON + MINUTE)
    alarm = Alarm.objects.get()
    assert (alarm.detail, alarm.opened_at) == (f"kannel {suppliers.SLOW}", NOON)


def test_two_failures_say_nothing_about_a_provider_and_ten_do() -> None:
    failed = Outcome("x", Result.TEMPORARY)
    assert not suppliers.fails([failed] * 2, channel="sms")
    assert suppliers.fails([failed] * 10, channel="sms")
    assert not suppliers.fails([failed] * 10 + [Outcome("y", Result.ACCEPTED)] * 10, channel="sms")
    assert not suppliers.fails([Outcome("y", Result.PERMANENT, address_fault=True)] * 50, channel="sms")


def test_what_is_refused_for_good_and_no_fault_of_the_address_is_the_providers() -> None:
    refused = Outcome("x", Result.PERMANENT, reason="200 isv.SMS_CONTENT_ILLEGAL")
    assert not suppliers.fails([refused] * 9, channel="sms")
    assert suppliers.fails([refused] * 10, channel="sms")


@pytest.mark.parametrize(("channel", "at_fault"), [("email", True), ("sms", False)])
def test_a_mail_firm_that_sends_nothing_to_anybody_is_at_fault_and_not_everybody_has_complained(
    channel: str, at_fault: bool
) -> None:
    refused = Outcome("x", Result.PERMANENT, opted_out=True)
    assert suppliers.fails([refused] * 10, channel=channel) is at_fault


def test_what_a_provider_was_not_asked_for_says_nothing_of_it() -> None:
    unfit = Outcome("x", Result.PERMANENT, reason="no template", asked=False)
    assert not suppliers.fails([unfit] * 10, channel="sms")


def test_devices_that_were_given_up_say_nothing_of_a_provider() -> None:
    gone = Outcome("x", Result.PERMANENT, reason="410 the subscription is gone")
    assert not suppliers.fails([gone] * 10, channel="push")
    watch = Watch("webpush", "push", whose={f"{number}": number for number in range(12)})
    watch.note([Outcome(f"{number}", Result.PERMANENT) for number in range(12)], now=NOON)
    assert (watch.failing, Alarm.objects.exists()) == (False, False)


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
        make_delivery(make_prompt(make_installment(loan, due_on=NOON.date()), stage=0), Delivery.Channel.EMAIL)
    assert dispatch.dispatch("email", clock=lambda: NOON) == 12
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.RETRYING}
    assert not Supplier.objects.filter(strikes__gt=0).exists()
    assert not Alarm.objects.exists()


def test_what_came_last_counts_and_no_more_people_than_were_told_lately() -> None:
    watch = Watch("kannel", "sms", whose={f"{number}": number for number in range(150)} | {"again": 149})
    watch.note([Outcome(f"{number}", Result.PERMANENT, address_fault=True) for number in range(150)], now=NOON)
    watch.note([Outcome("again", Result.TEMPORARY)], now=NOON)
    assert list(watch.recent) == list(range(50, 150))
    assert watch.recent[149].result is Result.TEMPORARY
    assert watch.whose == {}


def swallow(count: int = 12, at: datetime = NOON, **fields: Any) -> None:
    """So many people were handed a text message at `at` by the first provider, and nothing was heard of it."""
    for _ in range(count):
        make_delivery(**{"status": Status.SENT, "sent_at": at, "provider": "kannel", **fields})


def take(word: str = "accepted", *, count: int = 12, at: datetime = NOON) -> None:
    """So many people were handed one, and all that was heard of it is that a further system has it."""
    for _ in range(count):
        make_receipt(make_delivery(status=Status.SENT, sent_at=at, provider="kannel"), kind=word)


def look(at: datetime) -> list[str]:
    return supplier_receipts.pass_over_slow(clock(at))


@pytest.mark.usefixtures("two")
def test_one_whose_receipts_stay_away_is_passed_over_as_soon_as_most_should_be_there() -> None:
    swallow(11)
    swallow(1, status=Status.DELIVERED)
    assert look(NOON + 9 * MINUTE) == []
    assert look(NOON + 10 * MINUTE) == ["kannel"]
    assert suppliers.pick("sms", now=NOON + 10 * MINUTE) == "twilio"
    assert Alarm.objects.open().get().detail == f"kannel {suppliers.SLOW}"


@pytest.mark.usefixtures("two")
def test_one_that_swallows_messages_is_not_cleared_by_taking_more_of_them() -> None:
    swallow()
    look(NOON + 10 * MINUTE)
    Watch("kannel", "sms").note([Outcome("x", Result.ACCEPTED)], now=NOON + 11 * MINUTE)
    assert suppliers.pick("sms", now=NOON + 11 * MINUTE) == "twilio"
    assert Supplier.objects.get(name="kannel").strikes == 1


@pytest.mark.usefixtures("two")
def test_what_was_swallowed_before_a_pause_does_not_make_the_next_one() -> None:
    swallow()
    look(NOON + 10 * MINUTE)
    assert [look(NOON + minutes * MINUTE) for minutes in (11, 26, 30)] == [[], [], []]
    again = NOON + 26 * MINUTE
    swallow(at=again)
    assert look(again + 10 * MINUTE) == ["kannel"]
    assert suppliers.pick("sms", now=again + 39 * MINUTE) == "twilio"  # half an hour, the second time


@pytest.mark.usefixtures("two")
def test_one_whose_receipts_come_again_is_cleared() -> None:
    swallow()
    look(NOON + 10 * MINUTE)
    again = NOON + 26 * MINUTE
    swallow(3, at=again, status=Status.DELIVERED)
    assert look(again + 10 * MINUTE) == []
    assert Supplier.objects.get(name="kannel").strikes == 0
    assert not Alarm.objects.open().exists()


@pytest.mark.usefixtures("two")
def test_one_that_says_anything_of_its_messages_is_not_silent() -> None:
    """A relay that reports no more, and a carrier that took them."""
    take()
    assert look(NOON + 10 * MINUTE) == []


def test_one_that_is_alone_by_now_is_cleared(two: Settings) -> None:
    swallow()
    look(NOON + 10 * MINUTE)
    two.SMS_PROVIDERS = ["kannel"]
    look(NOON + 11 * MINUTE)
    assert Supplier.objects.get(name="kannel").strikes == 0


@pytest.mark.usefixtures("two")
def test_one_that_nobody_has_asked_for_long_is_cleared() -> None:
    swallow()
    look(NOON + 10 * MINUTE)
    look(NOON + 90 * MINUTE)
    assert Alarm.objects.open().exists()
    look(NOON + 100 * MINUTE)
    assert not Alarm.objects.open().exists()


@pytest.mark.parametrize("alone", [False, True])
def test_one_whose_messages_all_fail_is_passed_over_and_an_alarm_says_so(alone: bool, two: Settings) -> None:
    two.SMS_PROVIDERS = ["kannel"] if alone else two.SMS_PROVIDERS
    swallow(status=Status.FAILED)
    assert look(NOON + 10 * MINUTE) == ["kannel"]
    assert Alarm.objects.open().get().detail == f"kannel {suppliers.UNDELIVERED}"
    assert suppliers.pick("sms", now=NOON + 10 * MINUTE) == ("kannel" if alone else "twilio")
    Watch("kannel", "sms").note([Outcome("x", Result.ACCEPTED)], now=NOON + 11 * MINUTE)
    assert Alarm.objects.open().exists()
    again = NOON + 26 * MINUTE
    swallow(3, at=again, status=Status.DELIVERED)
    assert look(again + 10 * MINUTE) == []
    assert not Alarm.objects.open().exists()


@pytest.mark.usefixtures("two")
def test_numbers_that_are_wrong_say_nothing_of_a_provider() -> None:
    swallow(status=Status.FAILED)
    ContactPoint.objects.filter(kind="phone").update(unreachable_since=NOON)
    assert look(NOON + 10 * MINUTE) == []


def test_calls_that_nobody_answers_say_nothing_of_a_provider(two: Settings) -> None:
    two.VOICE_PROVIDERS, two.TWILIO_CALLER = ["twilio_voice"], "+14155552345"
    swallow(channel="voice", provider="twilio_voice", status=Status.FAILED)
    assert look(NOON + 60 * MINUTE) == []


def test_one_that_serves_nobody_any_more_is_no_alarm(two: Settings) -> None:
    suppliers.pause("twilio", why=f"{suppliers.FAILS}no connection", now=NOON)
    look(NOON + MINUTE)
    assert Alarm.objects.open().exists()
    two.SMS_PROVIDERS = ["kannel"]
    look(NOON + 2 * MINUTE)
    assert not Alarm.objects.open().exists()
    assert Supplier.objects.get(name="twilio").strikes == 0


@pytest.mark.usefixtures("two")
def test_one_address_whose_receipts_stay_away_says_nothing_of_a_provider() -> None:
    prompt = make_prompt()
    for number in range(12):
        make_delivery(prompt, status=Status.UNCONFIRMED, sent_at=NOON, provider="kannel", ordinal=number)
    assert look(NOON + 10 * MINUTE) == []


def test_what_was_sent_lately_is_found_without_reading_all_that_was_ever_sent() -> None:
    parameters: dict[str, Any] = {
        "names": ["kannel"],
        "until": [NOON],
        "look_back": supplier_receipts.LOOK_BACK,
        "looked_at": 1,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {supplier_receipts._HEARD}", parameters)
        assert "delivery_sent_lately" in "\n".join(row[0] for row in cursor.fetchall())
