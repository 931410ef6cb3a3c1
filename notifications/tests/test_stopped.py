""" "Stop" is confirmed above the messages in the portal, whichever provider brought it."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Consent, ContactPoint, User
from notifications.preferences import set_channel
from notifications.tests.factories import NOON
from notifications.tests.pages import sign_in, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
GONE = "You get no more SMS from us."


@pytest.fixture
def page(borrower: User) -> Client:
    return sign_in(borrower)


def write_stop(borrower: User, settings: Settings) -> None:
    """By Alibaba Cloud, which brings no answer back."""
    settings.ALIYUN_CALLBACK_TOKEN = "a-secret-token"
    said = [{"phone_number": str(borrower.phone).removeprefix("+"), "content": "退订", "sequence_id": "7"}]
    answer = Client().post(reverse("aliyun_texts", args=["a-secret-token"]), json.dumps(said), "application/json")
    assert answer.json() == {"code": 0, "msg": "ok"}


def inbox(page: Client) -> str:
    return words(page.get(reverse("messages")))


def test_whom_no_answer_can_reach_by_sms_reads_it_in_the_portal(
    borrower: User, page: Client, settings: Settings
) -> None:
    assert GONE not in inbox(page)
    write_stop(borrower, settings)
    assert f"{GONE} We use your other channels. You told us so on Sun 22 November. Switch SMS on again" in inbox(page)


def test_where_it_was_the_last_channel_they_read_that_a_person_calls(
    borrower: User, page: Client, settings: Settings
) -> None:
    ContactPoint.objects.filter(user=borrower, kind="email").update(unreachable_since=NOON)
    write_stop(borrower, settings)
    assert f"{GONE} As nothing else reaches you, a person calls before a payment is due." in inbox(page)


def test_what_an_agent_was_told_is_confirmed_alike(borrower: User, page: Client) -> None:
    set_channel(borrower, "sms", enabled=False, now=NOON, source=Consent.Source.AGENT)
    assert GONE in inbox(page)


def test_whoever_switched_it_on_again_reads_of_it_no_more(borrower: User, page: Client, settings: Settings) -> None:
    write_stop(borrower, settings)
    set_channel(borrower, "sms", enabled=True, now=NOON)
    assert GONE not in inbox(page)


def test_what_was_switched_on_the_page_was_confirmed_there(borrower: User, page: Client) -> None:
    set_channel(borrower, "sms", enabled=False, now=NOON)
    assert GONE not in inbox(page)


def test_nobody_reads_of_anybody_else(borrower: User, settings: Settings) -> None:
    write_stop(borrower, settings)
    other = User.objects.create_user("somebody@else.example")
    assert GONE not in inbox(sign_in(other))
