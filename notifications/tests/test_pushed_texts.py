"""Texts that Alibaba Cloud pushes, many in one call: what was done before a fault, and what comes again."""

import json
from datetime import datetime

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_borrower
from notifications import inbound_texts
from notifications.models import Callback, Delivery, InboundText
from notifications.preferences import set_channel
from notifications.replies import Reply
from notifications.tests.factories import NOON
from notifications.tests.written import TOKEN, first_phone, sms_is_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_to_texts")]


def test_of_a_push_that_comes_again_with_another_text_only_that_one_is_new(asked: Delivery, settings: Settings) -> None:
    settings.ALIYUN_CALLBACK_TOKEN = TOKEN
    number = str(asked.address).removeprefix("+")
    said = [{"phone_number": number, "content": text, "sequence_id": text} for text in ("hello", "退订")]
    for batch in (said[:1], said, said):
        answer = Client().post(reverse("aliyun_texts", args=[TOKEN]), json.dumps(batch), "application/json")
        assert answer.json() == {"code": 0, "msg": "ok"}
    assert list(InboundText.objects.order_by("pk").values_list("meaning", flat=True)) == ["other", "stop"]
    assert Callback.objects.count() == 2


def push(*said: dict[str, str]) -> int:
    """To Alibaba Cloud's door; the status of the answer."""
    client = Client(raise_request_exception=False)
    return client.post(reverse("aliyun_texts", args=[TOKEN]), json.dumps(said), "application/json").status_code


def fail_once(monkeypatch: pytest.MonkeyPatch, phone: str) -> None:
    """The database is away when the text of this phone is done, the first time."""
    do = inbound_texts._do
    failed: list[bool] = []

    def failing(reply: Reply, borrower: User, address: str, now: datetime) -> inbound_texts.Done:
        if address == phone and not failed:
            failed.append(True)
            raise OperationalError("gone")
        return do(reply, borrower, address, now)

    monkeypatch.setattr(inbound_texts, "_do", failing)


@pytest.mark.parametrize("named", [{"sequence_id": "7"}, {"send_time": "2026-11-22 19:38:50"}, {}])
def test_what_was_done_before_a_fault_is_not_done_once_more_when_its_push_comes_again(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, named: dict[str, str]
) -> None:
    settings.ALIYUN_CALLBACK_TOKEN = TOKEN
    first, second = make_borrower(), make_borrower()
    said = [{"phone_number": first_phone(one), "content": "退订", **named} for one in (first, second)]
    fail_once(monkeypatch, first_phone(second))
    assert push(*said) == 500
    set_channel(first, "sms", enabled=True, now=NOON)
    assert push(*said) == 200
    assert (sms_is_on(first), sms_is_on(second)) == (True, False)
    assert InboundText.objects.count() == 2


def test_once_all_of_a_push_is_done_the_same_words_without_id_and_time_are_another_text(settings: Settings) -> None:
    settings.ALIYUN_CALLBACK_TOKEN = TOKEN
    people = make_borrower(), make_borrower()
    said = [{"phone_number": first_phone(one), "content": "退订"} for one in people]
    push(*said)
    for one in people:
        set_channel(one, "sms", enabled=True, now=NOON)
    push(*said)
    assert [sms_is_on(one) for one in people] == [False, False]
    assert set(InboundText.objects.values_list("fingerprint", flat=True)) == {""}


def test_two_alike_in_one_push_are_two(settings: Settings) -> None:
    settings.ALIYUN_CALLBACK_TOKEN = TOKEN
    one = {"phone_number": first_phone(make_borrower()), "content": "hello"}
    push(one, one)
    assert InboundText.objects.count() == 2
