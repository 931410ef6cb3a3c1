"""The borrower's "I know"."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from notifications.acknowledgement import (
    LinkExpired,
    LinkInvalid,
    NothingToAcknowledge,
    acknowledge,
    address_of,
    mark_opened,
    mark_seen,
    read_link,
)
from notifications.models import Acknowledgement, AgentTask, Delivery, NoticeEvent, Prompt
from notifications.states import Status
from notifications.tests.factories import NOON, facts, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
Channel = Delivery.Channel


def know(prompt: Prompt, delivery: Delivery | None = None) -> Acknowledgement:
    return acknowledge(prompt_id=prompt.pk, method="link", delivery_id=delivery.pk if delivery else None, now=NOON)


def test_it_is_bound_to_what_that_message_said() -> None:
    delivery = make_delivery(status=Status.DELIVERED, wording="upcoming/3/en@123456789abc")
    said = {**facts(delivery.prompt).as_json(), "amount": "88.50"}
    Delivery.objects.filter(pk=delivery.pk).update(facts=said)
    made = know(delivery.prompt, delivery)
    assert (made.amount, made.currency, made.due_on) == (Decimal("88.50"), "CNY", date(2026, 11, 25))
    assert made.wording == delivery.wording
    assert Prompt.objects.get().status == Prompt.Status.ACKNOWLEDGED


def test_said_twice_the_first_one_stands() -> None:
    delivery = make_delivery(status=Status.DELIVERED)
    assert know(delivery.prompt, delivery).pk == know(delivery.prompt, delivery).pk
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.ACKNOWLEDGED).count() == 1


def test_it_takes_back_what_was_not_sent_and_closes_the_task() -> None:
    delivery = make_delivery(status=Status.DELIVERED)
    waiting = make_delivery(delivery.prompt, Channel.EMAIL)
    AgentTask.objects.create(
        borrower=delivery.prompt.borrower,
        prompt=delivery.prompt,
        kind=AgentTask.Kind.UNREACHABLE,
        reason="x",
        act_by=NOON,
        created_at=NOON,
    )
    know(delivery.prompt, delivery)
    waiting.refresh_from_db()
    assert waiting.status == Status.CANCELLED
    assert AgentTask.objects.get().outcome == AgentTask.Outcome.NOT_NEEDED


def test_a_confirmation_asks_for_no_answer() -> None:
    prompt = make_prompt(kind=Prompt.Kind.PAYMENT_SETTLED)
    with pytest.raises(NothingToAcknowledge):
        know(prompt, make_delivery(prompt, status=Status.DELIVERED))


def test_what_was_not_told_cannot_be_acknowledged() -> None:
    prompt = make_prompt()
    make_delivery(prompt, Channel.IN_APP, facts=None)
    with pytest.raises(NothingToAcknowledge):
        know(prompt)


def test_a_delivery_of_another_prompt_is_no_answer_to_this_one() -> None:
    with pytest.raises(NothingToAcknowledge):
        know(make_prompt(), make_delivery())


def test_it_never_changes() -> None:
    delivery = make_delivery(status=Status.DELIVERED)
    made = know(delivery.prompt, delivery)
    with pytest.raises(DatabaseError), transaction.atomic():
        Acknowledgement.objects.filter(pk=made.pk).update(amount=1)


def test_the_link_in_a_message_leads_back_to_its_delivery_until_it_expires() -> None:
    delivery = make_delivery(status=Status.SENT)
    token = address_of(delivery.pk, delivery.prompt_id, asks=True, now=NOON).rstrip("/").rpartition("/")[2]
    assert read_link(token, NOON) == delivery
    with pytest.raises(LinkExpired):
        read_link(token, NOON + timedelta(days=46))
    with pytest.raises(LinkInvalid):
        read_link(token[:-3] + "AAA", NOON)


def test_reading_a_link_changes_nothing() -> None:
    delivery = make_delivery(status=Status.SENT)
    read_link(address_of(delivery.pk, delivery.prompt_id, asks=True, now=NOON).rstrip("/").rpartition("/")[2], NOON)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.seen_at) == (Status.SENT, None)


def test_a_fetched_link_is_seen_and_proves_nothing() -> None:
    delivery = make_delivery(status=Status.SENT)
    for _ in range(2):
        mark_opened(delivery, now=NOON)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.seen_at) == (Status.SENT, NOON)
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.SEEN).count() == 1


def test_a_message_opened_by_the_signed_in_borrower_has_reached_them() -> None:
    delivery = make_delivery(channel=Channel.IN_APP, status=Status.SENT)
    mark_seen(prompt=delivery.prompt, now=NOON)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.seen_at) == (Status.DELIVERED, NOON)
