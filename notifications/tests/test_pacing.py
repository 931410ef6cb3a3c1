"""A provider is given no more calls than it makes; the others wait for their turn with us."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from loans.own_sessions import connect_alone
from notifications import pacing
from notifications.cancellation import cancel_waiting
from notifications.channels.base import ChannelMisconfiguredError
from notifications.channels.registry import suppliers_for
from notifications.dispatch import dispatch
from notifications.escalation import climb
from notifications.halting import halt
from notifications.models import Delivery, Prompt
from notifications.pacing import calls_left
from notifications.silence import time_out
from notifications.states import Status
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt, rung_of
from notifications.tests.providers import Provider, run_provider
from notifications.tests.test_twilio_channel import SID, answer

pytestmark = pytest.mark.django_db
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TAKEN = {"sid": "CA" + "0" * 32, "status": "queued"}


@pytest.fixture
def twilio(settings: Settings) -> Iterator[Provider]:
    """It makes six calls a minute."""
    settings.VOICE_PROVIDERS, settings.TWILIO_CALLS_PER_SECOND = ["twilio_voice"], 0.1
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_CALLER = SID, "a-token", "+14155552345"
    with run_provider(answer(201, TAKEN)) as running:
        settings.TWILIO_API_URL = running.url
        yield running


def wait_in_line(calls: int, **fields: Any) -> list[Delivery]:
    """One second after the other: those of one moment go in whatever order."""
    return [
        make_delivery(channel="voice", next_attempt_at=NOON - place * SECOND, **fields) for place in range(calls, 0, -1)
    ]


def call(at: datetime = NOON) -> int:
    return dispatch("voice", clock=lambda: at)


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


def test_no_more_calls_are_handed_over_than_are_made_in_a_minute(twilio: Provider) -> None:
    wait_in_line(8)
    assert [call(NOON + seconds * SECOND) for seconds in (0, 5, 59)] == [6, 0, 0]
    assert statuses() == [Status.SENT] * 6 + [Status.QUEUED] * 2
    assert call(NOON + 61 * SECOND) == 2
    assert len(twilio.asked) == 8


def test_an_account_that_makes_less_than_one_a_minute_is_given_one_at_a_time(
    twilio: Provider, settings: Settings
) -> None:
    settings.TWILIO_CALLS_PER_SECOND = 0.01
    wait_in_line(2)
    assert [call(NOON + seconds * SECOND) for seconds in (0, 99, 101)] == [1, 0, 1]


@pytest.mark.usefixtures("twilio")
def test_one_worker_at_a_time_hands_calls_over() -> None:
    wait_in_line(1)
    with connect_alone() as another:
        another.execute("BEGIN")
        another.execute(pacing._MINE, {"provider": "twilio_voice"})
        assert call() == 0
        another.rollback()
    assert call() == 1


@pytest.mark.usefixtures("twilio")
def test_a_call_that_may_have_been_taken_counts() -> None:
    wait_in_line(6, status=Status.UNCONFIRMED, provider="twilio_voice", handed_at=NOON)
    wait_in_line(1)
    assert (call(NOON + 30 * SECOND), call(NOON + 61 * SECOND)) == (0, 1)


@pytest.mark.usefixtures("twilio")
def test_a_clock_that_was_set_back_keeps_nobody_waiting_until_it_is_that_time_again() -> None:
    wait_in_line(6, status=Status.SENT, provider="twilio_voice", handed_at=NOON + HOUR)
    wait_in_line(1)
    assert call() == 1


@pytest.mark.usefixtures("twilio")
def test_what_was_put_off_takes_nobodys_turn() -> None:
    night = NOON + 12 * HOUR
    wait_in_line(10)
    assert call(night) == 0
    assert set(statuses()) == {Status.RETRYING}
    assert calls_left("twilio_voice", now=night) == 6


@pytest.mark.usefixtures("twilio")
def test_who_waits_for_their_turn_is_not_called_once_they_are_told_or_calls_are_halted() -> None:
    *_first, told, _last = wait_in_line(8)
    call()
    cancel_waiting([told.prompt_id], reason="told in another way", now=NOON + SECOND)
    halt(reason="wrong words", by=None, now=NOON + SECOND, channel="voice")
    assert call(NOON + 2 * MINUTE) == 0
    assert statuses()[6:] == [Status.CANCELLED, Status.QUEUED]


@pytest.mark.usefixtures("twilio")
def test_a_call_has_its_time_from_when_its_turn_came() -> None:
    prompt = make_prompt(kind=Prompt.Kind.OVERDUE, stage=1, rung=rung_of(Prompt.Kind.OVERDUE, "voice"))
    delivery = make_delivery(prompt, "voice", facts=None)
    Prompt.objects.update(look_again_at=NOON + 2 * HOUR)
    turn = NOON + HOUR + 7 * MINUTE
    assert time_out(clock(turn)) == 0
    Delivery.objects.update(status=Status.SENT, handed_at=turn, sent_at=turn, provider="twilio_voice")
    assert time_out(clock(turn + 15 * MINUTE)) == 0
    climb(clock(NOON + 2 * HOUR))
    prompt.refresh_from_db()
    delivery.refresh_from_db()
    assert (prompt.status, prompt.look_again_at) == (Prompt.Status.ACTIVE, turn + 2 * HOUR)
    assert delivery.status == Status.SENT


def test_other_channels_wait_for_nobody() -> None:
    assert calls_left("kannel", now=NOON) is None


@pytest.mark.parametrize("pace", [0.0, -1.0, float("inf"), float("nan")])
@pytest.mark.usefixtures("twilio")
def test_a_pace_that_is_none_is_refused_at_start(settings: Settings, pace: float) -> None:
    settings.TWILIO_CALLS_PER_SECOND = pace
    with pytest.raises(ChannelMisconfiguredError, match=r"TWILIO_CALLS_PER_SECOND is .* must be above 0"):
        suppliers_for("voice")


def test_what_was_handed_over_lately_is_found_by_its_index() -> None:
    wanted: dict[str, Any] = {"provider": "twilio_voice", "since": NOON, "until": NOON + MINUTE}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {pacing._HANDED_OVER}", wanted)
        assert "delivery_called" in "\n".join(row[0] for row in cursor.fetchall())
