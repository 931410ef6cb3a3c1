"""What to do next about a prompt."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.ladder import (
    CAPPED,
    LADDERS,
    NO_CHANNEL_LEFT,
    NO_TIME_LEFT,
    NOT_ACKNOWLEDGED,
    NOT_DELIVERED,
    OFF_THE_LADDER,
    PLACED_WITHIN,
    UNPLACED,
    Climb,
    Course,
    Decision,
    InPortal,
    Ladder,
    Needs,
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
PUSH, SMS, EMAIL, VOICE = (rung.channel for rung in ASKING.rungs)
IN_APP = Delivery.Channel.IN_APP
ON_SMS, ON_EMAIL = 1, 2
USUAL = frozenset({SMS, EMAIL})
Status = Delivery.Status


def telling(channel: str, status: str, rung: int = ON_SMS, hours_ago: float = 0) -> Telling:
    return Telling(channel, status, rung, NOW - timedelta(hours=hours_ago))


def ask(
    *tellings: Telling,
    rung: int = ON_SMS,
    now: datetime = NOW,
    open_to: frozenset[str] = USUAL,
    places: Mapping[str, int] | None = None,
    deadline: datetime | None = None,
    pace: float = 1.0,
) -> Decision:
    course = Course.of(ASKING, open_to=open_to, places=places, deadline=deadline, pace=pace)
    return decide(course, rung=rung, tellings=tellings, now=now)


def test_while_a_message_is_on_its_way_the_ladder_waits() -> None:
    assert ask(telling(SMS, Status.SENT)) == Wait(NOW + timedelta(hours=4))


def test_a_failed_message_moves_to_the_next_channel_at_once() -> None:
    assert ask(telling(SMS, Status.FAILED)) == Climb(ON_EMAIL, NOT_DELIVERED)


def test_a_delivered_message_that_nobody_answers_moves_on_when_its_wait_is_over() -> None:
    told = telling(SMS, Status.DELIVERED, hours_ago=4)
    assert ask(told) == Climb(ON_EMAIL, NOT_ACKNOWLEDGED)
    assert isinstance(ask(told, now=NOW - timedelta(seconds=1)), Wait)


def test_what_a_cap_holds_is_told_by_the_channel_that_has_room() -> None:
    held = Telling(SMS, Status.RETRYING, ON_SMS, NOW + timedelta(days=4), capped=True)
    assert ask(held) == Climb(ON_EMAIL, CAPPED)
    late = NOW + timedelta(days=4, hours=1)
    assert ask(held, now=late) == Wait(NOW + timedelta(days=4, hours=4))


def test_where_no_other_channel_is_left_its_end_is_waited_for_as_long_as_there_is_time() -> None:
    held = Telling(SMS, Status.RETRYING, ON_SMS, NOW + timedelta(hours=4), capped=True)
    assert ask(held, open_to=frozenset({SMS})) == Wait(NOW + timedelta(hours=8))
    deadline = NOW + timedelta(hours=3)
    assert ask(held, open_to=frozenset({SMS}), deadline=deadline) == Wait(deadline)


def test_what_a_cap_holds_is_waited_for_before_a_person_is_called() -> None:
    held = Telling(SMS, Status.RETRYING, ON_SMS, NOW + timedelta(hours=4), capped=True)
    bounced = telling(EMAIL, Status.FAILED, ON_EMAIL)
    assert ask(held, bounced, rung=ON_EMAIL) == Wait(NOW + timedelta(hours=8))
    arrived = telling(EMAIL, Status.DELIVERED, ON_EMAIL)
    assert ask(held, arrived, rung=ON_EMAIL) == Told()


def test_what_an_agent_sent_again_and_a_cap_holds_is_not_waited_for() -> None:
    """It stands on no rung."""
    sent = telling(SMS, Status.DELIVERED, hours_ago=5)
    again = Telling(SMS, Status.RETRYING, OFF_THE_LADDER, NOW + timedelta(days=1), capped=True)
    assert ask(sent, again, open_to=frozenset({SMS})) == Told()
    silent = telling(SMS, Status.UNCONFIRMED, hours_ago=5)
    assert ask(silent, again, open_to=frozenset({SMS})) == Unreached(NO_CHANNEL_LEFT)


def test_what_is_left_to_try_is_told_at_the_last_call_rather_than_at_an_odd_hour() -> None:
    sent, last_call = telling(SMS, Status.DELIVERED), NOW + timedelta(hours=1)
    course = Course.of(ASKING, open_to=USUAL, last_call=last_call)
    assert decide(course, rung=ON_SMS, tellings=[sent], now=NOW) == Wait(last_call)
    assert decide(course, rung=ON_SMS, tellings=[sent], now=last_call) == Climb(ON_EMAIL, NOT_ACKNOWLEDGED)
    after = Telling(SMS, Status.SENT, ON_SMS, last_call)
    assert decide(course, rung=ON_SMS, tellings=[after], now=last_call) == Wait(last_call + timedelta(hours=4))


def test_on_the_last_channel_a_delivery_is_enough() -> None:
    told = telling(SMS, Status.FAILED), telling(EMAIL, Status.DELIVERED, rung=ON_EMAIL)
    assert ask(*told, rung=ON_EMAIL) == Told()


def test_where_every_channel_failed_a_person_is_called() -> None:
    told = telling(SMS, Status.FAILED), telling(EMAIL, Status.UNCONFIRMED, rung=ON_EMAIL)
    assert ask(*told, rung=ON_EMAIL) == Unreached(NO_CHANNEL_LEFT)


def test_somebody_who_can_be_rung_up_is_rung_up_before_a_person_is_called() -> None:
    told = telling(SMS, Status.FAILED), telling(EMAIL, Status.FAILED, rung=ON_EMAIL)
    assert ask(*told, rung=ON_EMAIL, open_to=USUAL | {VOICE}) == Climb(3, NOT_DELIVERED)


def test_what_lies_in_the_portal_proves_nothing_until_it_is_opened() -> None:
    failed = telling(SMS, Status.FAILED), telling(EMAIL, Status.FAILED, rung=ON_EMAIL)
    assert isinstance(ask(*failed, telling(IN_APP, Status.SENT), rung=ON_EMAIL), Unreached)
    assert ask(*failed, telling(IN_APP, Status.DELIVERED), rung=ON_EMAIL) == Told()


def test_at_the_deadline_a_person_is_called_even_if_channels_are_left() -> None:
    assert ask(telling(SMS, Status.SENT), deadline=NOW) == Unreached(NO_TIME_LEFT)


def test_channels_share_what_time_is_left_before_the_deadline() -> None:
    deadline = NOW + timedelta(hours=3)
    assert ask(telling(SMS, Status.SENT), deadline=deadline) == Wait(NOW + timedelta(hours=1, minutes=30))


def test_a_borrower_without_any_channel_goes_to_a_person() -> None:
    nowhere = frozenset[str]()
    assert ask(telling(IN_APP, Status.SENT, rung=4), rung=4, open_to=nowhere) == Unreached(NO_CHANNEL_LEFT)


def test_news_end_in_the_portal_once_they_lie_there_and_with_a_person_where_they_never_will() -> None:
    course = Course.of(TELLING, open_to=frozenset())

    def left(status: str) -> Decision:
        return decide(course, rung=3, tellings=[telling(IN_APP, status, rung=3)], now=NOW)

    assert left(Status.SENT) == InPortal(NO_CHANNEL_LEFT)
    assert {left(status) for status in UNPLACED} == {Wait(NOW + PLACED_WITHIN)}
    assert left(Status.FAILED) == decide(course, rung=3, tellings=[], now=NOW) == Unreached(NO_CHANNEL_LEFT)


def test_a_channel_that_was_opened_meanwhile_is_tried() -> None:
    assert ask(telling(IN_APP, Status.SENT, rung=4), rung=4, open_to=frozenset({EMAIL})) == Climb(
        ON_EMAIL, NOT_DELIVERED
    )


@pytest.mark.parametrize(
    ("rung", "places", "next_one"),
    [(ON_EMAIL, {}, ON_SMS), (ON_SMS, {EMAIL: 1}, ON_EMAIL)],
    ids=["a phone was added", "email was put first"],
)
def test_what_has_come_to_stand_before_is_tried_before_a_person_is_called(
    rung: int, places: dict[str, int], next_one: int
) -> None:
    failed = telling(ASKING.rungs[rung].channel, Status.FAILED, rung)
    assert ask(failed, rung=rung, places=places) == Climb(next_one, NOT_DELIVERED)
    both = failed, telling(ASKING.rungs[next_one].channel, Status.FAILED, next_one)
    assert ask(*both, rung=next_one, places=places) == Unreached(NO_CHANNEL_LEFT)


def test_where_it_arrived_by_an_agents_doing_it_is_not_told_once_more() -> None:
    bounced, again = telling(EMAIL, Status.FAILED, ON_EMAIL), telling(SMS, Status.DELIVERED, OFF_THE_LADDER)
    assert ask(bounced, again, rung=ON_EMAIL) == Told()
    failed = telling(SMS, Status.FAILED, OFF_THE_LADDER)
    assert ask(bounced, failed, rung=ON_EMAIL) == Climb(ON_SMS, NOT_DELIVERED)


def test_what_has_come_to_stand_before_shares_the_time_and_what_was_tried_does_not() -> None:
    deadline = NOW + timedelta(hours=3)
    assert ask(telling(EMAIL, Status.SENT, ON_EMAIL), rung=ON_EMAIL, deadline=deadline) == Wait(
        NOW + timedelta(hours=1, minutes=30)
    )
    moved = telling(EMAIL, Status.FAILED, ON_EMAIL), telling(SMS, Status.SENT)
    assert ask(*moved, deadline=deadline) == Wait(deadline)


def test_channels_are_tried_in_the_order_that_the_person_chose() -> None:
    email_first: dict[str, int] = {EMAIL: 1, SMS: 2}
    assert ask(telling(EMAIL, Status.FAILED, rung=ON_EMAIL), rung=ON_EMAIL, places=email_first) == Climb(
        ON_SMS, NOT_DELIVERED
    )


def test_a_demonstration_runs_faster_than_life() -> None:
    assert ask(telling(SMS, Status.DELIVERED, hours_ago=0.01), pace=0.001) == Climb(ON_EMAIL, NOT_ACKNOWLEDGED)


statuses = st.sampled_from([status for status in Status.values if status != Status.CANCELLED])
channels = st.sampled_from([PUSH, SMS, EMAIL, VOICE])


@given(
    st.sampled_from([ASKING, TELLING]),
    st.lists(st.tuples(st.sampled_from([PUSH, SMS, EMAIL, IN_APP]), statuses, st.integers(0, 2), st.floats(0, 48))),
    st.integers(0, 4),
    st.none() | st.floats(-10, 10),
    st.sets(channels),
    st.dictionaries(channels, st.integers(1, 4)),
)
def test_a_ladder_never_ends_well_without_a_delivery_nor_waits_for_nothing_nor_tries_twice(
    ladder: Ladder,
    rows: list[tuple[str, str, int, float]],
    rung: int,
    hours_left: float | None,
    open_to: set[str],
    places: dict[str, int],
) -> None:
    tellings = [telling(channel, status, at, ago) for channel, status, at, ago in rows]
    deadline = None if hours_left is None else NOW + timedelta(hours=hours_left)
    course = Course.of(ladder, open_to=open_to, places=places, deadline=deadline)
    decision = decide(course, rung=rung, tellings=tellings, now=NOW)
    arrived = any(one.status == Status.DELIVERED for one in tellings)
    assert arrived or not isinstance(decision, Told)
    assert not (arrived and isinstance(decision, Unreached | InPortal))
    in_portal = {one.status for one in tellings if one.channel == IN_APP}
    if isinstance(decision, InPortal):
        assert not ladder.ends_with_person
        assert Status.SENT in in_portal
        assert not in_portal & UNPLACED
    if isinstance(decision, Wait):
        assert decision.until > NOW
        outside = any(one.rung == rung and one.channel != IN_APP for one in tellings)
        assert outside or (in_portal & UNPLACED and not ladder.ends_with_person)
    if isinstance(decision, Climb):
        assert ladder.rungs[decision.rung].channel in open_to
        assert not any(one.rung == decision.rung and one.channel != IN_APP for one in tellings)
    if deadline is not None and deadline <= NOW and not arrived and ladder.ends_with_person:
        assert isinstance(decision, Unreached)


@given(
    kind=st.sampled_from(sorted(LADDERS)),
    rung=st.integers(0, 3),
    minutes=st.integers(0, 600),
    later=st.integers(0, 600),
    hours_left=st.none() | st.integers(-5, 80),
    open_to=st.frozensets(st.sampled_from([PUSH, SMS, EMAIL, VOICE]), min_size=1),
)
def test_an_arrival_decides_nothing_before_its_time_where_the_borrowers_word_is_waited_for(
    kind: str, rung: int, minutes: int, later: int, hours_left: int | None, open_to: frozenset[str]
) -> None:
    """Why such a receipt need not make the ladder look at once: it would go on waiting at least as long."""
    steps = LADDERS[kind].rungs
    if rung >= len(steps) or steps[rung].needs is Needs.DELIVERED:
        return
    deadline = NOW + timedelta(hours=hours_left) if hours_left is not None else None
    course = Course.of(LADDERS[kind], open_to=open_to, deadline=deadline)
    at = NOW + timedelta(minutes=minutes)
    before = decide(course, rung=rung, tellings=[Telling(steps[rung].channel, Status.SENT, rung, NOW)], now=at)
    if not isinstance(before, Wait) or at + timedelta(minutes=later) >= before.until:
        return
    arrived = [Telling(steps[rung].channel, Status.DELIVERED, rung, NOW)]
    after = decide(course, rung=rung, tellings=arrived, now=at + timedelta(minutes=later))
    assert isinstance(after, Wait)
    assert after.until >= before.until
