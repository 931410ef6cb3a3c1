"""A worker's clock is compared with the database's: an alarm is open while they are more than five seconds apart."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from loans.own_sessions import connect_alone
from notifications.clock_watch import GONE_AFTER, LIMIT, compare, forget_gone, watch_clock
from notifications.models import Alarm

HOUR = timedelta(hours=1)


@pytest.fixture
def session() -> Iterator["psycopg.Connection[Any]"]:
    with closing(connect_alone()) as session:
        yield session


def wrong_by(shift: timedelta) -> Callable[[], datetime]:
    return lambda: timezone.now() + shift


class Answer:
    """A session whose clock stands at `there`."""

    def __init__(self, there: datetime) -> None:
        self.there = there

    def execute(self, _sql: str) -> "Answer":
        return self

    def fetchone(self) -> tuple[datetime]:
        return (self.there,)


@given(st.integers(-10_000, 10_000), st.integers(0, 5_000), st.floats(0, 1))
def test_what_the_question_itself_took_is_never_taken_for_a_wrong_clock(ahead: int, took: int, at: float) -> None:
    """Seconds: the clock is `ahead`, and the database read its own at the part `at` of the time that it took."""
    asked = datetime(2026, 11, 22, tzinfo=timezone.get_default_timezone())
    moments = iter([asked, asked + timedelta(seconds=took)])
    there = asked + timedelta(seconds=took * at) - timedelta(seconds=ahead)
    found = compare(Answer(there), lambda: next(moments))  # type: ignore[arg-type]
    assert abs(found) <= timedelta(seconds=abs(ahead))
    assert abs(found - timedelta(seconds=ahead)) <= timedelta(seconds=took)


@pytest.mark.django_db(transaction=True)
def test_a_right_clock_opens_nothing(session: "psycopg.Connection[Any]") -> None:
    assert abs(watch_clock(session, worker="worker@one", now=timezone.now)) < LIMIT
    assert not Alarm.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("shift", "words"), [(HOUR, "3600 s ahead of"), (-HOUR, "3600 s behind")])
def test_a_wrong_one_is_an_alarm_until_it_is_right_again(
    session: "psycopg.Connection[Any]", shift: timedelta, words: str
) -> None:
    for _minute in range(3):
        watch_clock(session, worker="worker@one", now=wrong_by(shift))
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.subject, words in alarm.detail) == ("clock", "clock:worker@one", True)
    assert abs(alarm.opened_at - timezone.now()) < LIMIT  # by the clock that is right
    watch_clock(session, worker="worker@two", now=timezone.now)
    assert Alarm.objects.open().exists()
    watch_clock(session, worker="worker@one", now=timezone.now)
    assert not Alarm.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_the_alarm_of_a_worker_that_is_gone_is_closed(session: "psycopg.Connection[Any]") -> None:
    watch_clock(session, worker="worker@one", now=wrong_by(HOUR))
    assert forget_gone() == 0
    alarm = Alarm.objects.get()
    alarm.facts["seen_at"] -= GONE_AFTER.total_seconds() + 1
    alarm.save()
    assert forget_gone() == 1
    assert not Alarm.objects.open().exists()


def test_no_wake_up_expires_by_a_clock_that_no_alarm_has_been_opened_about_yet() -> None:
    """Beat's clock and the worker's may each be wrong by what opens no alarm."""
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert timedelta(seconds=entry["options"]["expires"]) > 4 * LIMIT, name
