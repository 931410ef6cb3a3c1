"""What to do next about a prompt."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifications.ladder import (
    LADDERS,
    NO_CHANNEL_LEFT,
    NO_TIME_LEFT,
    NOT_ACKNOWLEDGED,
    NOT_DELIVERED,
    Climb,
    Ladder,
    Telling,
    Told,
    Unreached,
    Wait,
    decide,
)
from notifications.models import Delivery, Prompt

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ASKING = LADDERS[Prompt.Kind.UPCOMING]
TELLING = LADDERS[Prompt.Kind.PAYMENT_SETTLED]
SMS, EMAIL, IN_APP = Delivery.Channel.SMS, Delivery.Channel.EMAIL, Delivery.Channel.IN_APP
Status = Delivery.Status


def telling(channel: str, status: str, rung: int = 0, hours_ago: float = 0) -> Telling:
    return Telling(channel, status, rung, NOW - timedelta(hours=hours_ago))


def test_while_a_message_is_on_its_way_the_ladder_waits() -> None:
    decision = decide(ASKING, rung=0, tellings=[telling(SMS, Status.SENT)], now=NOW)
    assert decision == Wait(NOW + timedelta(hours=4))


def test_a_failed_message_moves_to_the_next_channel_at_once() -> None:
    decision = decide(ASKING, rung=0, tellings=[telling(SMS, Status.FAILED)], now=NOW)
    assert decision == Climb(1, NOT_DELIVERED)


def test_a_delivered_message_that_nobody_answers_moves_on_when_its_wait_is_over() -> None:
    told = [telling(SMS, Status.DELIVERED, hours_ago=4)]
    assert decide(ASKING, rung=0, tellings=told, now=NOW) == Climb(1, NOT_ACKNOWLEDGED)
    assert isinstance(decide(ASKING, rung=0, tellings=told, now=NOW - timedelta(seconds=1)), Wait)


def test_on_the_last_channel_a_delivery_is_enough() -> None:
    told = [telling(SMS, Status.FAILED), telling(EMAIL, Status.DELIVERED, rung=1)]
    assert decide(ASKING, rung=1, tellings=told, now=NOW) == Told()


def test_where_every_channel_failed_a_person_is_called() -> None:
    told = [telling(SMS, Status.FAILED), telling(EMAIL, Status.UNCONFIRMED, rung=1)]
    assert decide(ASKING, rung=1, tellings=told, now=NOW) == Unreached(NO_CHANNEL_LEFT)


def test_what_lies_in_the_portal_proves_nothing_until_it_is_opened() -> None:
    placed = [telling(SMS, Status.FAILED), telling(EMAIL, Status.FAILED, rung=1), telling(IN_APP, Status.SENT)]
    assert isinstance(decide(ASKING, rung=1, tellings=placed, now=NOW), Unreached)
    opened = [*placed[:2], telling(IN_APP, Status.DELIVERED)]
    assert decide(ASKING, rung=1, tellings=opened, now=NOW) == Told()


def test_at_the_deadline_a_person_is_called_even_if_channels_are_left() -> None:
    decision = decide(ASKING, rung=0, tellings=[telling(SMS, Status.SENT)], now=NOW, deadline=NOW)
    assert decision == Unreached(NO_TIME_LEFT)


def test_a_borrower_without_any_channel_goes_to_a_person() -> None:
    assert decide(ASKING, rung=2, tellings=[telling(IN_APP, Status.SENT)], now=NOW) == Unreached(NO_CHANNEL_LEFT)


def test_a_demonstration_runs_faster_than_life() -> None:
    told = [telling(SMS, Status.DELIVERED, hours_ago=0.01)]
    assert decide(ASKING, rung=0, tellings=told, now=NOW, pace=0.001) == Climb(1, NOT_ACKNOWLEDGED)


statuses = st.sampled_from([status for status in Status.values if status != Status.CANCELLED])


@given(
    st.sampled_from([ASKING, TELLING]),
    st.lists(st.tuples(st.sampled_from([SMS, EMAIL, IN_APP]), statuses, st.integers(0, 1), st.floats(0, 48))),
    st.integers(0, 2),
    st.none() | st.floats(-10, 10),
)
def test_a_ladder_never_ends_well_without_a_delivery_nor_waits_for_nothing(
    ladder: Ladder, rows: list[tuple[str, str, int, float]], rung: int, hours_left: float | None
) -> None:
    tellings = [telling(channel, status, at, ago) for channel, status, at, ago in rows]
    deadline = None if hours_left is None else NOW + timedelta(hours=hours_left)
    decision = decide(ladder, rung=rung, tellings=tellings, now=NOW, deadline=deadline)
    arrived = any(one.status == Status.DELIVERED for one in tellings)
    assert arrived or not isinstance(decision, Told)
    assert not (arrived and isinstance(decision, Unreached))
    if isinstance(decision, Wait):
        assert decision.until > NOW
        assert any(one.rung == rung and one.channel != IN_APP for one in tellings)
    if isinstance(decision, Climb):
        assert decision.rung == rung + 1
    if deadline is not None and deadline <= NOW and not arrived:
        assert isinstance(decision, Unreached)
