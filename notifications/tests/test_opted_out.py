""" "Stop" that only the provider heard: it refuses our messages, and no machine calls instead."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.contact_points import set_contact_point
from accounts.models import Consent, ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.channels.base import Outcome, Result
from notifications.channels.raw_request import join
from notifications.channels.registry import channel_of
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.outcomes import record_outcomes
from notifications.planning import plan_upcoming
from notifications.preferences import is_on, set_channel
from notifications.reach import reachable
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import NOON, TODAY, clock, hear, make_delivery, make_prompt
from notifications.tests.pages import sign_in, words

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PAGE = reverse("preferences")


@pytest.fixture(autouse=True)
def _providers(settings: Settings) -> None:
    settings.SMS_PROVIDERS, settings.VOICE_PROVIDERS = ["twilio"], ["twilio_voice"]
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = f"AC{'0' * 32}", "token"
    settings.TWILIO_SENDER = settings.TWILIO_CALLER = "+14155552345"


def told(borrower: User, at: datetime = NOON, **fields: Any) -> Delivery:
    """A text message that is being handed over at that moment."""
    made: dict[str, Any] = {"status": Status.SENDING, "handed_at": at, "claimed_at": at, "attempts": 1} | fields
    return make_delivery(make_prompt(make_installment(make_loan(borrower), due_on=TODAY)), **made)


def refuse(sms: Delivery, at: datetime = NOON) -> None:
    outcome = Outcome(reference_of(sms.pk), Result.PERMANENT, reason="400 21610", opted_out=True)
    record_outcomes([outcome], channel_of("twilio"), now=at)


def twilio_says(sms: Delivery, code: str = "21610") -> bytes:
    form = {"MessageSid": f"SM{'a' * 32}", "MessageStatus": "undelivered", "ErrorCode": code}
    return join(urlencode({"reference": reference_of(sms.pk)}), urlencode(form).encode())


def aliyun_says(sms: Delivery, code: str) -> bytes:
    return json.dumps([{"out_id": reference_of(sms.pk), "success": False, "err_code": code}]).encode()


def ways(borrower: User) -> set[str]:
    return set(reachable([borrower.pk])[borrower.pk])


def withdrawals(borrower: User) -> list[tuple[str, str, str]]:
    said = Consent.objects.filter(user=borrower, given=False).order_by("pk")
    return list(said.values_list("channel", "source", "wording"))


OURS = [("sms", "provider", "told the provider"), ("voice", "provider", "told the provider")]


def test_stop_that_only_the_provider_heard_ends_machines_calls_too(borrower: User) -> None:
    assert ways(borrower) == {"sms", "voice", "email"}
    refuse(told(borrower))
    assert ways(borrower) == {"email"}
    assert withdrawals(borrower) == OURS
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.PREFERENCE, borrower=borrower).count() == 2
    assert Delivery.objects.get().status == Status.FAILED


def test_other_refusals_switch_nothing_off(borrower: User) -> None:
    sms = told(borrower)
    outcome = Outcome(reference_of(sms.pk), Result.PERMANENT, reason="400 21612")
    record_outcomes([outcome], channel_of("twilio"), now=NOON)
    hear("twilio", twilio_says(sms, "30007"))
    hear("aliyun", aliyun_says(sms, "MOBILE_IN_BLACK"))
    assert "sms" in ways(borrower)
    assert not Consent.objects.exists()


def test_what_a_report_says_of_it_is_obeyed_alike(borrower: User) -> None:
    other = make_borrower()
    hear("twilio", twilio_says(told(borrower, status=Status.SENT, sent_at=NOON)))
    hear("aliyun", aliyun_says(told(other, status=Status.SENT, sent_at=NOON), "USER_REJECT"))
    assert withdrawals(borrower) == withdrawals(other) == OURS


def test_the_same_refusal_many_times_is_one_withdrawal(borrower: User) -> None:
    first, second = told(borrower), told(borrower)
    refuse(first)
    refuse(second, NOON + HOUR)
    for _ in range(2):
        hear("twilio", twilio_says(second))
    assert withdrawals(borrower) == OURS


def test_it_is_obeyed_on_the_last_channel_where_a_person_calls(borrower: User) -> None:
    ContactPoint.objects.filter(user=borrower, kind="email").update(unreachable_since=NOON)
    refuse(told(borrower))
    assert ways(borrower) == set()
    soon = make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    planned = Delivery.objects.filter(prompt__installment=soon)
    assert set(planned.values_list("channel", flat=True)) == {"in_app"}
    assert Prompt.objects.get(installment=soon).look_again_at == NOON


def test_everybody_whose_number_it_is_is_left_alone(borrower: User) -> None:
    other = make_borrower()
    ContactPoint.objects.filter(user=other, kind="phone").update(address=borrower.phone)
    refuse(told(borrower))
    assert withdrawals(other) == OURS


def test_a_number_that_was_given_up_says_nothing_of_the_new_one(borrower: User) -> None:
    sms = told(borrower)
    set_contact_point(user=borrower, kind=ContactPoint.Kind.PHONE, address="+8613900000000", source="owner")
    refuse(sms)
    assert ways(borrower) == {"sms", "voice", "email"}


def test_a_refusal_of_before_they_said_yes_again_changes_nothing(borrower: User) -> None:
    sms = told(borrower)
    refuse(sms)
    set_channel(borrower, "sms", enabled=True, now=NOON + HOUR)
    hear("twilio", twilio_says(sms), NOON + 2 * HOUR)
    assert is_on(borrower, "sms")


def test_one_that_a_later_message_meets_is_obeyed_once_more(borrower: User) -> None:
    refuse(told(borrower))
    set_channel(borrower, "sms", enabled=True, now=NOON + HOUR)
    refuse(told(borrower, NOON + 2 * HOUR), NOON + 2 * HOUR)
    assert not is_on(borrower, "sms")
    assert [channel for channel, *_rest in withdrawals(borrower)] == ["sms", "voice", "sms"]


# What the portal says -------------------------------------------------------------------------------------------------

HELD_BACK = "The firm that carries our SMS was asked by your number to stop, and may hold them back."
START = "Answer START to one of them to get them again."


@pytest.fixture
def page(borrower: User) -> Client:
    make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3))
    ContactPoint.objects.update(created_at=NOON - HOUR)
    return sign_in(borrower)


def switch_on(page: Client) -> str:
    form = {"shown": ["sms", "email"], "channels": ["sms", "email"], "first": ""}
    return words(page.post(PAGE, form, follow=True))


@pytest.mark.usefixtures("noon")
class TestPages:
    def test_their_messages_say_who_told_us(self, page: Client, borrower: User) -> None:
        refuse(told(borrower))
        inbox = words(page.get(reverse("messages")))
        assert "You get no more SMS from us. We use your other channels." in inbox
        assert "The firm that carries our SMS told us so on Sun 22 November" in inbox
        assert "You told us so" not in inbox

    def test_whoever_switches_it_on_again_reads_what_that_takes(self, page: Client, borrower: User) -> None:
        refuse(told(borrower))
        saved = switch_on(page)
        assert is_on(borrower, "sms")
        assert "Saved." in saved
        assert "From now on we tell you this way" not in saved
        assert f"{HELD_BACK} {START}" in saved
        assert "We will tell you by email." in saved

    def test_stop_by_sms_was_heard_by_the_provider_as_well(self, page: Client, borrower: User) -> None:
        set_channel(borrower, "sms", enabled=False, now=NOON, source=Consent.Source.REPLY)
        assert START in switch_on(page)

    def test_that_is_over_when_an_sms_has_arrived(self, page: Client, borrower: User) -> None:
        refuse(told(borrower))
        set_channel(borrower, "sms", enabled=True, now=NOON + HOUR)
        told(borrower, NOON + HOUR, status=Status.DELIVERED, delivered_at=NOON + HOUR)
        shown = words(page.get(PAGE))
        assert HELD_BACK not in shown
        assert "We will tell you by SMS and then email." in shown

    def test_a_new_number_is_held_back_by_nobody(self, page: Client, borrower: User) -> None:
        refuse(told(borrower))
        set_contact_point(user=borrower, kind=ContactPoint.Kind.PHONE, address="+8613900000000", source="owner")
        assert "Saved. From now on we tell you this way." in switch_on(page)

    def test_where_no_word_is_known_none_is_named(self, page: Client, borrower: User, settings: Settings) -> None:
        refuse(told(borrower))
        settings.SMS_PROVIDERS = ["aliyun"]
        settings.ALIYUN_ACCESS_KEY_ID = settings.ALIYUN_ACCESS_KEY_SECRET = settings.ALIYUN_SIGN_NAME = "x"
        settings.ALIYUN_TEMPLATES, settings.ALIYUN_CALLBACK_TOKEN = {"en": "SMS_1"}, "x"
        saved = switch_on(page)
        assert HELD_BACK in saved
        assert "START" not in saved

    def test_a_gateway_of_our_own_holds_nothing_back(self, page: Client, borrower: User, settings: Settings) -> None:
        settings.SMS_PROVIDERS = ["kannel"]
        set_channel(borrower, "sms", enabled=False, now=NOON, source=Consent.Source.REPLY)
        assert "Saved. From now on we tell you this way." in switch_on(page)
