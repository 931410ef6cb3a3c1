"""The delivery state machine."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import ContactPoint
from notifications.ladder import OFF_THE_LADDER
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.states import ALLOWED, Status, Step, advance
from notifications.tests.factories import NOON, make_delivery

TARGETS = [status for status in Status if status not in {Status.QUEUED, Status.SENDING}]


def phone_of(delivery: Delivery) -> ContactPoint:
    return ContactPoint.objects.get(deliveries=delivery)


@pytest.mark.django_db
@pytest.mark.parametrize(("origin", "target"), list(product(Status, TARGETS)))
def test_only_the_drawn_moves_happen(origin: Status, target: Status) -> None:
    delivery = make_delivery(status=origin)
    moved = advance([Step(delivery_id=delivery.pk, to=target)], now=NOON)
    delivery.refresh_from_db()
    drawn = origin in ALLOWED[target]
    assert bool(moved) == drawn
    assert delivery.status == (target if drawn else origin)


@pytest.mark.django_db
def test_a_receipt_that_comes_before_our_own_write_wins() -> None:
    delivery = make_delivery(status=Status.SENDING)
    assert advance([Step(delivery_id=delivery.pk, to=Status.DELIVERED)], now=NOON)
    assert not advance([Step(delivery_id=delivery.pk, to=Status.SENT, provider_reference="7")], now=NOON)
    delivery.refresh_from_db()
    assert delivery.status == Status.DELIVERED
    assert delivery.sent_at == NOON


@pytest.mark.django_db
def test_what_was_accepted_after_all_is_not_sent_again() -> None:
    """A worker that slept says so, or a receipt does, after its claim was given up."""
    delivery = make_delivery(status=Status.RETRYING)
    assert advance([Step(delivery_id=delivery.pk, to=Status.SENT)], now=NOON)
    assert not Delivery.objects.claimable(delivery.channel, NOON).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("ended", [Prompt.Status.ACKNOWLEDGED, Prompt.Status.TOLD, Prompt.Status.CANCELLED])
@pytest.mark.parametrize(
    ("held_by", "in_doubt", "status"),
    [("", True, Status.UNCONFIRMED), ("", False, Status.CANCELLED), ("cn/collection/caps", False, Status.CANCELLED)],
)
def test_what_was_being_handed_over_when_its_prompt_ended_is_not_tried_again(
    ended: Prompt.Status, held_by: str, in_doubt: bool, status: Status
) -> None:
    delivery = make_delivery(channel=Delivery.Channel.EMAIL, status=Status.SENDING, attempts=1)
    Prompt.objects.update(status=ended)
    [moved] = advance([Step(delivery_id=delivery.pk, to=Status.RETRYING, held_by=held_by, in_doubt=in_doubt)], now=NOON)
    assert (moved.status, moved.held_by) == (status, "")
    assert NoticeEvent.objects.get(delivery_id=delivery.pk).kind == status


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ended", "step", "attempts", "status"),
    [
        (Prompt.Status.TOLD, {}, 1, Status.RETRYING),
        (Prompt.Status.TOLD, {}, 2, Status.RETRYING),
        (Prompt.Status.TOLD, {"in_doubt": True}, 1, Status.UNCONFIRMED),
        (Prompt.Status.TOLD, {"held_by": "cn/collection/caps"}, 1, Status.CANCELLED),
        (Prompt.Status.ACKNOWLEDGED, {}, 1, Status.CANCELLED),
        (Prompt.Status.CANCELLED, {}, 1, Status.CANCELLED),
    ],
    ids=["told", "and refused before", "it may have been taken", "it is held", "they know", "not needed"],
)
def test_what_asks_for_i_know_and_was_refused_for_the_moment_is_tried_again_though_it_was_told_in_another_way(
    ended: Prompt.Status, step: dict[str, Any], attempts: int, status: Status
) -> None:
    delivery = make_delivery(status=Status.SENDING, attempts=attempts)
    Prompt.objects.update(status=ended)
    [moved] = advance([Step(delivery_id=delivery.pk, to=Status.RETRYING, **step)], now=NOON)
    assert moved.status == status


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ended", "status"),
    [(Prompt.Status.TOLD, Status.RETRYING), (Prompt.Status.CANCELLED, Status.CANCELLED)],
)
def test_what_an_agent_sent_again_is_tried_again_while_it_is_to_be_told(ended: Prompt.Status, status: Status) -> None:
    delivery = make_delivery(status=Status.SENDING, rung=OFF_THE_LADDER)
    Prompt.objects.update(status=ended)
    assert [move.status for move in advance([Step(delivery_id=delivery.pk, to=Status.RETRYING)], now=NOON)] == [status]


@pytest.mark.django_db
def test_each_move_is_recorded_once() -> None:
    delivery = make_delivery(status=Status.SENT)
    for _ in range(2):
        advance([Step(delivery_id=delivery.pk, to=Status.DELIVERED)], now=NOON)
    (event,) = NoticeEvent.objects.filter(delivery_id=delivery.pk)
    assert event.kind == NoticeEvent.Kind.DELIVERED
    assert event.borrower_id == delivery.prompt.borrower_id


@pytest.mark.django_db
def test_a_failure_makes_the_ladder_look_at_once() -> None:
    delivery = make_delivery(status=Status.SENT)
    Prompt.objects.update(look_again_at=NOON.replace(year=2027))
    advance([Step(delivery_id=delivery.pk, to=Status.FAILED)], now=NOON)
    assert Prompt.objects.get().look_again_at == NOON


@pytest.mark.django_db
def test_an_address_that_a_provider_calls_bad_is_marked_until_something_arrives_there() -> None:
    delivery = make_delivery(status=Status.SENT)
    advance([Step(delivery_id=delivery.pk, to=Status.FAILED, reason="unknown", address_is_bad=True)], now=NOON)
    assert phone_of(delivery).unreachable_since == NOON
    advance([Step(delivery_id=delivery.pk, to=Status.DELIVERED)], now=NOON)
    assert phone_of(delivery).unreachable_since is None


@pytest.mark.django_db
def test_a_bad_address_is_marked_even_where_the_delivery_does_not_move() -> None:
    delivery = make_delivery(status=Status.DELIVERED)
    advance([Step(delivery_id=delivery.pk, to=Status.FAILED, address_is_bad=True)], now=NOON)
    delivery.refresh_from_db()
    assert delivery.status == Status.DELIVERED
    assert phone_of(delivery).unreachable_since == NOON


@pytest.mark.django_db
def test_two_steps_for_one_delivery_are_refused() -> None:
    with pytest.raises(ValueError, match="Two steps"):
        advance([Step(delivery_id=1, to=Status.SENT), Step(delivery_id=1, to=Status.FAILED)], now=NOON)


class ReceiptsInAnyOrder(TestCase):
    """Whatever order and number receipts and our own writes come in, "delivered" is never undone."""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.sampled_from([Status.SENT, Status.DELIVERED, Status.FAILED, Status.UNCONFIRMED]), max_size=8))
    def test_delivered_is_never_undone(self, order: list[Status]) -> None:
        delivery = make_delivery(status=Status.SENDING)
        for target in order:
            advance([Step(delivery_id=delivery.pk, to=target)], now=NOON)
        delivery.refresh_from_db()
        assert (delivery.status == Status.DELIVERED) == (Status.DELIVERED in order)
        assert Delivery.objects.count() >= 1
