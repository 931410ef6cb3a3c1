"""What borrowers write back by SMS, as it arrives at the portal."""

import json

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Consent, ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from notifications import inbound_texts
from notifications.agent_tasks import finish
from notifications.models import (
    Acknowledgement,
    AgentTask,
    Callback,
    Delivery,
    InboundText,
    NoticeEvent,
    Prompt,
)
from notifications.planning import plan_upcoming
from notifications.preferences import set_channel
from notifications.replies import Reply, classify
from notifications.signatures import reply_code
from notifications.states import Status
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt
from notifications.tests.test_races import at_once
from notifications.tests.written import TOKEN, first_phone, sms_is_on, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_to_texts")]


@pytest.mark.parametrize("words", ["{}", "ok {}", " １ {} "])
def test_the_code_acknowledges_the_message_that_it_came_with(asked: Delivery, words: str) -> None:
    answer = write(asked.address, words.format(reply_code(asked.pk)))
    assert answer == "Thank you. We noted that you know."
    acknowledgement = Acknowledgement.objects.get()
    assert (acknowledgement.prompt, acknowledgement.delivery, acknowledgement.method) == (
        asked.prompt,
        asked,
        "reply",
    )
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
    consent = Consent.objects.get(channel="sms")
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


@pytest.mark.parametrize(("locale", "coding"), [("zh-hans", "2"), ("zh-hant", "2"), ("en", None)])
def test_an_answer_outside_the_default_alphabet_says_so_to_kannel(
    asked: Delivery, locale: str, coding: str | None
) -> None:
    User.objects.update(locale=locale)
    sent = {"from": str(asked.address), "text": "stop", "time": "1795000000", "id": "7"}
    answer = Client().get(reverse("kannel_text", args=[TOKEN]), sent)
    assert answer.headers.get("X-Kannel-Coding") == coding


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


# What comes again ----------------------------------------------------------------------------------------------------


def rows() -> tuple[int, ...]:
    kinds = (Callback, InboundText, AgentTask, Acknowledgement, Consent, NoticeEvent)
    return tuple(kind._default_manager.count() for kind in kinds)


def test_a_text_that_its_provider_brings_again_does_nothing(asked: Delivery) -> None:
    for words in ("stop", "I paid yesterday", reply_code(asked.pk)):
        write(asked.address, words, name=words[:4])
        before = rows()
        assert write(asked.address, words, name=words[:4]) == ""
        assert rows() == before


def test_stop_that_was_taken_back_is_not_obeyed_once_more_when_it_comes_again(asked: Delivery) -> None:
    borrower = asked.prompt.borrower
    write(asked.address, "stop", name="7")
    set_channel(borrower, "sms", enabled=True, now=NOON)
    write(asked.address, "stop", name="7")
    assert sms_is_on(borrower)
    assert Consent.objects.filter(channel="sms").count() == 2
    write(asked.address, "stop", name="8")
    assert not sms_is_on(borrower)


def test_a_text_that_comes_again_after_its_task_was_finished_opens_no_other(asked: Delivery) -> None:
    write(asked.address, "I paid yesterday", name="7")
    task = AgentTask.objects.get()
    finish(task_id=task.pk, agent=make_agent(), outcome="answered", note="Read.", now=NOON, text_id=task.text_id)
    write(asked.address, "I paid yesterday", name="7")
    assert AgentTask.objects.count() == 1


def test_one_that_is_of_several_people_is_theirs_once(asked: Delivery) -> None:
    other = make_borrower()
    ContactPoint.objects.filter(user=other, kind="phone").update(address=asked.address)
    for _ in range(2):
        write(asked.address, "hello", name="7")
    assert set(InboundText.objects.values_list("borrower", flat=True)) == {asked.prompt.borrower_id, other.pk}
    assert (InboundText.objects.count(), AgentTask.objects.count()) == (2, 2)


def test_one_that_could_not_be_done_is_known_when_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(_text: str) -> Reply:
        raise RuntimeError("our own fault")

    borrower = make_borrower()
    monkeypatch.setattr(inbound_texts, "classify", stumble)
    for _ in range(2):
        write(first_phone(borrower), "stop", name="7")
    assert InboundText.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_calls_at_once_with_one_text_one_does_something() -> None:
    borrower = make_borrower()
    phone = first_phone(borrower)
    answers = at_once(*[lambda: write(phone, "hello", name="7")] * 4)
    assert sorted(bool(answer) for answer in answers) == [False, False, False, True]
    assert (Callback.objects.count(), InboundText.objects.count(), AgentTask.objects.count()) == (1, 1, 1)
