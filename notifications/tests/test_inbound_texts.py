"""What borrowers write back by SMS, as it arrives at the portal."""

import json
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Consent, ContactPoint, User
from accounts.tests.factories import make_borrower
from notifications import inbound_texts
from notifications.models import Acknowledgement, AgentTask, Callback, Delivery, InboundText, Preference, Prompt
from notifications.planning import plan_upcoming
from notifications.replies import Reply, classify
from notifications.signatures import reply_code
from notifications.states import Status
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
TOKEN = "a-secret-token"


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.SMS_CALLBACK_TOKEN = TOKEN


@pytest.fixture
def asked() -> Delivery:
    """An SMS that asks for "I know", handed over."""
    return make_delivery(status=Status.DELIVERED, sent_at=NOON, handed_at=NOON)


def write(sender: str | None, text: str, token: str = TOKEN) -> str:
    """What is answered to a text message from `sender`."""
    query = urlencode({"from": sender or "", "text": text, "time": "1795000000", "id": "7"})
    answer = Client().get(reverse("kannel_text", args=[token]), QUERY_STRING=query)
    assert answer.status_code == (200 if token == TOKEN else 404)
    return answer.content.decode() if token == TOKEN else ""


def first_phone(borrower: User) -> str:
    return ContactPoint.objects.get(user=borrower, kind="phone").address


def sms_is_on(borrower: User) -> bool:
    return not Preference.objects.filter(user=borrower, channel="sms", enabled=False).exists()


@pytest.mark.parametrize("words", ["{}", "ok {}", " １ {} "])
def test_the_code_acknowledges_the_message_that_it_came_with(asked: Delivery, words: str) -> None:
    answer = write(asked.address, words.format(reply_code(asked.pk)))
    assert answer == "Thank you. We noted that you know."
    acknowledgement = Acknowledgement.objects.get()
    assert (acknowledgement.prompt, acknowledgement.delivery, acknowledgement.method) == (asked.prompt, asked, "reply")
    text = InboundText.objects.get()
    assert (text.borrower, text.meaning, text.outcome, text.delivery) == (
        asked.prompt.borrower, "acknowledge", "acknowledged", asked,
    )  # fmt: skip
    assert Prompt.objects.get().status == Prompt.Status.ACKNOWLEDGED


def test_the_code_of_a_message_whose_provider_did_not_answer_acknowledges_it() -> None:
    """It may have arrived, and then nobody but its reader can say so."""
    asked = make_delivery(status=Status.UNCONFIRMED, handed_at=NOON, claimed_at=NOON)
    assert write(asked.address, reply_code(asked.pk)) == "Thank you. We noted that you know."


def test_a_code_of_before_the_key_was_changed_is_known(asked: Delivery, settings: Settings) -> None:
    code = reply_code(asked.pk)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert reply_code(asked.pk) != code
    assert write(asked.address, code) == "Thank you. We noted that you know."


def test_texts_that_came_in_one_call_are_kept_once(client: Client, settings: Settings) -> None:
    settings.ALIYUN_CALLBACK_TOKEN = TOKEN
    batch = [{"phone_number": f"138001399{number:02}", "content": "hi"} for number in range(20)]
    client.post(reverse("aliyun_texts", args=[TOKEN]), json.dumps(batch), content_type="application/json")
    assert (Callback.objects.count(), InboundText.objects.count()) == (1, 20)


def test_a_code_from_another_phone_acknowledges_nothing(asked: Delivery) -> None:
    stranger = make_borrower()
    assert "not known" in write(stranger.phone, reply_code(asked.pk))
    assert not Acknowledgement.objects.exists()


def test_a_wrong_code_acknowledges_nothing(asked: Delivery) -> None:
    wrong = f"{(int(reply_code(asked.pk)) + 1) % 10_000:04d}"
    assert "not known" in write(asked.address, wrong)
    assert not Acknowledgement.objects.exists()


@pytest.mark.parametrize("word", ["STOP", "退订", "please stop", "ＴＤ"])
def test_stop_is_obeyed_and_confirmed_once(asked: Delivery, word: str) -> None:
    borrower = asked.prompt.borrower
    assert write(asked.address, word) == "You get no more SMS from us. We use your other channels."
    assert not sms_is_on(borrower)
    assert write(asked.address, word) == ""
    consent = Consent.objects.get()
    assert (consent.user, consent.channel, consent.given, consent.source) == (borrower, "sms", False, "reply")


def test_stop_on_the_last_channel_puts_a_person_in_its_place() -> None:
    prompt = make_prompt()
    borrower = prompt.borrower
    ContactPoint.objects.filter(user=borrower, kind="email").update(unreachable_since=NOON)
    assert "a person calls" in write(borrower.phone, "stop")
    Prompt.objects.update(version=99)
    plan_upcoming(clock())
    planned = Prompt.objects.latest("pk")
    assert (planned.rung, planned.look_again_at) == (4, NOON)


def test_other_words_are_kept_for_a_person_and_switch_nothing_off(asked: Delivery) -> None:
    assert write(asked.address, "How do I stop paying twice?").startswith("Thank you. A person reads this")
    assert sms_is_on(asked.prompt.borrower)
    assert InboundText.objects.get().meaning == InboundText.Meaning.OTHER
    assert b"paying" in bytes(Callback.objects.get().raw)


def test_what_came_by_a_provider_that_cannot_answer_is_a_task_all_the_same(asked: Delivery, settings: Settings) -> None:
    settings.ALIYUN_CALLBACK_TOKEN = TOKEN
    said = [{"phone_number": str(asked.address).removeprefix("+"), "content": "我昨天还了"}]
    answer = Client().post(reverse("aliyun_texts", args=[TOKEN]), json.dumps(said), "application/json")
    assert answer.json() == {"code": 0, "msg": "ok"}
    assert AgentTask.objects.get().borrower == asked.prompt.borrower


def test_a_number_that_nobody_has_is_kept_and_answered_with_nothing() -> None:
    assert write("+8613700000000", "stop") == ""
    assert InboundText.objects.get().borrower is None


def test_who_does_not_know_the_secret_changes_nothing(asked: Delivery) -> None:
    write(asked.address, "stop", token="another")
    assert sms_is_on(asked.prompt.borrower)
    assert not Callback.objects.exists()


def test_what_was_written_is_in_the_language_of_its_reader(asked: Delivery) -> None:
    User.objects.update(locale="zh-hans")
    assert write(asked.address, reply_code(asked.pk)) == "谢谢您。我们记下了：您知道了。"


def test_one_that_our_own_fault_keeps_from_being_done_is_read_by_a_person_and_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ALIYUN_CALLBACK_TOKEN = TOKEN
    first, second = make_borrower(), make_borrower()
    classified = classify

    def stumbling(text: str) -> Reply:
        if text == "stumble":
            raise RuntimeError("our own fault")
        return classified(text)

    monkeypatch.setattr(inbound_texts, "classify", stumbling)
    rows = [(first, "stumble"), (second, "退订")]
    batch = [{"phone_number": first_phone(one), "content": text, "sequence_id": text} for one, text in rows]
    answer = Client().post(reverse("aliyun_texts", args=[TOKEN]), json.dumps(batch), content_type="application/json")
    assert answer.status_code == 200
    assert list(InboundText.objects.order_by("pk").values_list("borrower", "meaning")) == [
        (first.pk, "other"), (second.pk, "stop"),
    ]  # fmt: skip
    assert AgentTask.objects.get().borrower == first
    assert not sms_is_on(second)


def test_where_the_database_is_away_its_provider_brings_the_whole_batch_again(monkeypatch: pytest.MonkeyPatch) -> None:
    borrower = make_borrower()

    def away(*_of: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(inbound_texts, "_do", away)
    with pytest.raises(OperationalError):
        write(first_phone(borrower), "退订")
    assert not Callback.objects.exists()
