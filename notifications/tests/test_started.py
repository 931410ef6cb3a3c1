""" "START" by SMS switches text messages on again, by the word of whoever has the number."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Consent, ContactPoint, User
from accounts.tests.factories import make_agent
from notifications.channels.inbound import InboundText as Words
from notifications.inbound_texts import receive
from notifications.models import AgentTask, InboundText, NoticeEvent, Preference
from notifications.preferences import set_channel
from notifications.replies import Other, Start, classify
from notifications.stopped import stopped
from notifications.tests.factories import NOON
from notifications.tests.pages import sign_in
from notifications.tests.written import first_phone, say, sms_is_on

pytestmark = pytest.mark.django_db
AGAIN = "You get our SMS again. Answer STOP to end them."
LATER = NOON + timedelta(hours=1)


def by_twilio(borrower: User, text: str) -> str:
    words = Words(senders=(first_phone(borrower),), text=text, provider="twilio", occurred_at=None)
    return receive([words], text.encode(), now=LATER)


def outcomes() -> list[tuple[str, str]]:
    return list(InboundText.objects.order_by("pk").values_list("meaning", "outcome"))


ASKS = [
    *("START", "start.", "Start please", "UNSTOP", "Opt-in", "ＳＴＡＲＴ"),
    *("开始", "恢复", "恢復", "请恢复", "重新订阅", "恢复短信 谢谢"),
]
OTHERS = [
    *("yes", "ok", "start my dispute", "when does it start?", "restart"),
    *("什么时候开始", "恢复还款", "开始吧？还是不"),
]


@pytest.mark.parametrize("text", ASKS)
def test_these_ask_for_sms_again(text: str) -> None:
    assert classify(text) == Start()


@pytest.mark.parametrize("text", OTHERS)
def test_these_are_for_a_person(text: str) -> None:
    assert classify(text) == Other()


def test_it_takes_the_stop_back_and_is_confirmed_once(borrower: User) -> None:
    say(borrower, "STOP")
    assert say(borrower, "START", now=LATER) == AGAIN
    assert sms_is_on(borrower)
    assert not AgentTask.objects.exists()
    assert outcomes() == [("stop", "switched off"), ("start", "switched on")]
    word = Consent.objects.filter(channel="sms").first()
    assert word
    assert (word.given, word.source, word.wording, word.at) == (True, "reply", "start", LATER)
    assert word.address == first_phone(borrower)
    event = NoticeEvent.objects.filter(kind=NoticeEvent.Kind.PREFERENCE).latest("pk")
    assert (event.data, event.at) == ({"channel": "sms", "enabled": True}, LATER)
    assert stopped(borrower) is None
    assert say(borrower, "START", now=LATER) == ""
    assert outcomes()[-1] == ("start", "switched on before")


def test_the_answer_is_in_the_language_of_its_reader(borrower: User) -> None:
    User.objects.update(locale="zh-hans")
    say(borrower, "退订")
    answer = say(borrower, "恢复", now=LATER)
    assert answer != AGAIN
    assert len(answer) <= 70
    assert "退订" in answer


def test_a_machines_calls_stay_off(borrower: User) -> None:
    say(borrower, "STOP")
    say(borrower, "START", now=LATER)
    assert list(Preference.objects.filter(enabled=False).values_list("channel", flat=True)) == ["voice"]


def test_a_stop_after_it_holds(borrower: User) -> None:
    for text, on in (("STOP", False), ("START", True), ("STOP", False)):
        say(borrower, text, now=LATER)
        assert sms_is_on(borrower) == on


@pytest.mark.parametrize("source", [Consent.Source.PAGE, Consent.Source.AGENT])
@pytest.mark.parametrize("proved", [True, False])
def test_what_was_said_elsewhere_is_taken_back_only_from_a_number_that_is_theirs(
    borrower: User, source: str, proved: bool
) -> None:
    """A firm may have named a stranger's."""
    ContactPoint.objects.filter(kind="phone").update(verified_at=NOON if proved else None)
    User.objects.filter(pk=borrower.pk).update(phone_verified=False)
    agent: dict[str, Any] = {"actor_id": make_agent().pk} if source == Consent.Source.AGENT else {}
    set_channel(borrower, "sms", enabled=False, now=NOON, source=source, **agent)
    answer = say(borrower, "START", now=LATER)
    assert sms_is_on(borrower) == proved
    assert AgentTask.objects.filter(kind="written").exists() != proved
    assert (answer == AGAIN) == proved


def test_where_sms_is_on_nothing_is_said(borrower: User) -> None:
    assert say(borrower, "START") == ""
    assert not AgentTask.objects.exists()
    assert not Consent.objects.exists()


def test_twilio_confirms_its_own_words_itself(borrower: User) -> None:
    by_twilio(borrower, "STOP")
    assert by_twilio(borrower, "Start") == ""
    assert sms_is_on(borrower)


def test_a_word_that_twilio_does_not_know_lets_nothing_through_and_is_for_a_person(borrower: User) -> None:
    by_twilio(borrower, "STOP")
    by_twilio(borrower, "恢复")
    assert not sms_is_on(borrower)
    assert AgentTask.objects.filter(kind="written").count() == 1


def test_a_page_of_theirs_shows_it_as_on(borrower: User) -> None:
    page: Client = sign_in(borrower)
    say(borrower, "STOP")
    say(borrower, "START", now=LATER)
    assert "You get no more SMS" not in page.get("/messages/").content.decode()
