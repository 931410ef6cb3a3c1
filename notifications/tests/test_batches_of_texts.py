"""Batches of text messages that come at the same moment: none waits for another that waits for it."""

import json
from collections.abc import Sequence
from functools import partial
from threading import Barrier, local
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from notifications import inbound_texts
from notifications.models import AgentTask, Callback, InboundText
from notifications.signatures import reply_code
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.test_races import at_once
from notifications.tests.written import TOKEN, first_phone, sms_is_on

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
AT_ONCE = 2
Batch = list[dict[str, str]]


@pytest.fixture(autouse=True)
def _open(settings: Settings) -> None:
    settings.ALIYUN_CALLBACK_TOKEN = TOKEN


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the batches has done its first text when any goes on."""
    met, each, do_one = Barrier(AT_ONCE), local(), inbound_texts._do_one

    def do(*args: Any) -> str | None:
        answer = do_one(*args)
        if not hasattr(each, "met"):
            each.met = met.wait(timeout=10)
        return answer

    monkeypatch.setattr(inbound_texts, "_do_one", do)


def bring(batch: Batch) -> int:
    client = Client(raise_request_exception=False)
    return client.post(reverse("aliyun_texts", args=[TOKEN]), json.dumps(batch), "application/json").status_code


def said(people: Sequence[User], text: str, name: str) -> Batch:
    """A text of each, which the provider calls `name` and a number."""
    return [
        {"phone_number": first_phone(one).removeprefix("+"), "content": text, "sequence_id": f"{name}-{one.pk}"}
        for one in people
    ]


@pytest.mark.usefixtures("in_step")
@pytest.mark.parametrize("text", ["退订", "I paid yesterday", "0000"])
def test_two_of_the_same_people_in_opposite_order_are_both_taken(text: str) -> None:
    people = [make_borrower(), make_borrower()]
    batches = said(people, text, "a"), said(people[::-1], text, "b")
    assert at_once(*[partial(bring, batch) for batch in batches]) == [200, 200]
    assert (Callback.objects.count(), InboundText.objects.count()) == (2, 4)
    assert all(sms_is_on(one) == (text != "退订") for one in people)


@pytest.mark.usefixtures("in_step")
def test_two_of_the_same_texts_of_nobody_in_opposite_order_are_kept_once() -> None:
    texts = [{"phone_number": f"1380013990{n}", "content": "hi", "sequence_id": f"{n}"} for n in range(2)]
    assert at_once(partial(bring, texts), partial(bring, texts[::-1])) == [200, 200]
    assert InboundText.objects.count() == 2


@pytest.mark.parametrize("text", ["退订", "I paid yesterday"])
def test_many_batches_of_many_people_in_any_order_are_all_taken(text: str) -> None:
    people = [make_borrower() for _ in range(16)]
    orders = (people, people[::-1], people[8:] + people[:8], people[::2] + people[1::2])
    batches = [said(order, text, str(number)) for number, order in enumerate(orders)]
    assert at_once(*[partial(bring, batch) for batch in batches]) == [200] * 4
    assert (Callback.objects.count(), InboundText.objects.count()) == (4, 64)
    assert AgentTask.objects.count() == (0 if text == "退订" else 16)


def test_a_text_of_several_people_takes_them_in_the_order_of_all_who_lock_people() -> None:
    first, second = make_borrower(phone=False), make_borrower()
    ContactPoint.objects.create(user=first, kind="phone", address=first_phone(second))
    assert bring(said([second], "hi", "a")) == 200
    assert list(InboundText.objects.order_by("pk").values_list("borrower", flat=True)) == [first.pk, second.pk]


def test_what_was_done_before_the_database_went_away_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [make_borrower(), make_borrower()]
    code = reply_code(make_delivery(status=Status.SENT, handed_at=NOON, address=first_phone(people[0])).pk)
    batch = said(people[:1], code, "a") + said(people, "I paid yesterday", "b")
    do_one = inbound_texts._do_one

    def away(reply: Any, words: Any, *args: Any) -> str | None:
        if words.senders == (first_phone(people[1]),):
            raise OperationalError("the database is away")
        return do_one(reply, words, *args)

    monkeypatch.setattr(inbound_texts, "_do_one", away)
    assert bring(batch) == 500
    monkeypatch.setattr(inbound_texts, "_do_one", do_one)
    kept = set(InboundText.objects.values_list("pk", flat=True))
    assert [bring(batch), bring(batch)] == [200, 200]
    assert InboundText.objects.exclude(pk__in=kept).get().borrower == people[1]
    assert (InboundText.objects.count(), AgentTask.objects.count()) == (3, 2)
