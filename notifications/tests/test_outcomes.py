"""What became of handing over, written down in one statement or by the state machine: the same either way."""

from itertools import product
from typing import Any

import pytest

from notifications.channels.base import Outcome, Result
from notifications.channels.registry import channel_of
from notifications.models import Delivery, NoticeEvent
from notifications.outcomes import record_outcomes
from notifications.signatures import delivery_id_in, delivery_id_of, reference_of
from notifications.states import ALLOWED, Status, Step, advance
from notifications.tests.factories import NOON, make_delivery

pytestmark = pytest.mark.django_db


def taken(delivery: Delivery, reference: str = "SBX1") -> Outcome:
    return Outcome(reference_of(delivery.pk), Result.ACCEPTED, provider_reference=reference)


def written(delivery: Delivery) -> tuple[Any, ...]:
    """All that a move may write, and its events."""
    row = Delivery.objects.filter(pk=delivery.pk).values_list(
        "status", "reason", "provider_reference", "sent_at", "delivered_at", "attempts", "held_by"
    )
    events = NoticeEvent.objects.filter(delivery_id=delivery.pk).order_by("pk")
    return row.get(), list(events.values_list("at", "kind", "actor_id", "data"))


@pytest.mark.parametrize(("origin", "reference"), list(product(Status, ["SBX1", ""])))
def test_what_was_taken_is_written_as_the_state_machine_writes_it(origin: Status, reference: str) -> None:
    fields: dict[str, Any] = {
        "status": origin,
        "reason": "connection lost",
        "provider_reference": "first",
        "attempts": 2,
    }
    by_machine, at_once = make_delivery(**fields), make_delivery(**fields)
    advance([Step(delivery_id=by_machine.pk, to=Status.SENT, provider_reference=reference)], now=NOON)
    record_outcomes([taken(at_once, reference)], channel_of("kannel"), now=NOON)
    assert written(at_once) == written(by_machine)
    assert (written(at_once)[0][0] == Status.SENT) == (origin in ALLOWED[Status.SENT] or origin == Status.SENT)


def test_its_event_says_whose_it_is_and_what_it_is_about() -> None:
    delivery = make_delivery(status=Status.SENDING)
    record_outcomes([taken(delivery)], channel_of("kannel"), now=NOON)
    prompt = delivery.prompt
    event = NoticeEvent.objects.get(kind=NoticeEvent.Kind.SENT)
    assert (event.borrower_id, event.installment_id, event.prompt_id) == (
        prompt.borrower_id,
        prompt.installment_id,
        prompt.pk,
    )


def test_each_of_a_group_gets_what_became_of_it() -> None:
    deliveries = [make_delivery(status=Status.SENDING, attempts=1) for _ in range(4)]
    results = (Result.ACCEPTED, Result.TEMPORARY, Result.PERMANENT, Result.ACCEPTED)
    outcomes = [
        Outcome(reference_of(delivery.pk), result, reason="" if result is Result.ACCEPTED else "why")
        for delivery, result in zip(deliveries, results, strict=True)
    ]
    record_outcomes(outcomes, channel_of("kannel"), now=NOON)
    assert list(Delivery.objects.order_by("pk").values_list("status", "reason")) == [
        (Status.SENT, ""),
        (Status.RETRYING, "why"),
        (Status.FAILED, "why"),
        (Status.SENT, ""),
    ]


def test_a_reference_of_our_own_names_its_delivery_without_a_look_at_its_tag() -> None:
    for number in (1, 2**31, 2**48 - 1):
        assert delivery_id_in(reference_of(number)) == delivery_id_of(reference_of(number)) == number
