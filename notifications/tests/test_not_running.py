"""Sweeps that do not run, or fail each time, are known to whoever asks."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import DatabaseError
from psycopg.errors import DiskFull

from notifications import tasks
from notifications.models import Sweep
from notifications.sweeps import Missing, not_running, note_end
from notifications.tests.factories import NOON
from notifications.tests.sweeps import all_ended, upgrade

pytestmark = pytest.mark.django_db
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
COVER = "notifications.tasks.cover"


def names(*, minutes: float) -> list[str]:
    """What does not run, so long after NOON."""
    return [sweep.name for sweep in not_running(NOON + minutes * MINUTE)]


def test_all_are_missing_some_minutes_after_they_have_run_last_and_slow_ones_after_three_of_their_periods() -> None:
    all_ended(NOON)
    assert names(minutes=5) == []
    slow = {"look-back", "forget-replies"}
    assert names(minutes=6) == sorted(settings.CELERY_BEAT_SCHEDULE.keys() - slow)
    assert "look-back" not in names(minutes=30)
    assert "look-back" in names(minutes=31)
    assert "forget-replies" not in names(minutes=60 * 72)
    assert names(minutes=60 * 72 + 1) == sorted(settings.CELERY_BEAT_SCHEDULE)


def test_a_fresh_installation_has_its_first_minutes_and_no_more() -> None:
    upgrade(NOON)
    assert names(minutes=4) == []
    assert not_running(NOON + 6 * MINUTE)[0] == Missing("apply-events", "intake", None, "")
    assert "forget-replies" not in names(minutes=6)


def test_one_that_fails_each_time_is_missing_with_the_name_of_its_fault() -> None:
    all_ended(NOON + 10 * MINUTE)
    Sweep.objects.filter(name="cover").update(ended_at=NOON)
    for minute in range(1, 11):
        note_end(COVER, [], fault="DiskFull", now=NOON + minute * MINUTE)
    assert not_running(NOON + 10 * MINUTE) == [Missing("cover", "planning", NOON, "DiskFull")]


def test_one_that_never_ended_well_is_missing_with_the_name_of_its_fault() -> None:
    all_ended(NOON)
    upgrade(NOON - HOUR)
    Sweep.objects.filter(name="cover").update(ended_at=None)
    note_end(COVER, [], fault="DiskFull", now=NOON)
    assert not_running(NOON) == [Missing("cover", "planning", None, "DiskFull")]


def test_one_that_fails_now_and_then_runs() -> None:
    all_ended(NOON)
    for minute in range(1, 11):
        note_end(COVER, [], fault="DeadlockDetected" if minute % 3 else "", now=NOON + minute * MINUTE)
    assert "cover" not in names(minutes=10)


def test_an_end_is_written_once_in_ten_seconds() -> None:
    for second in (0, 1, 9, 10, 11, 12):
        note_end("notifications.tasks.read_callbacks", [], fault="", now=NOON + second * SECOND)
        assert Sweep.objects.get().ended_at == NOON + (11 if second > 10 else 0) * SECOND


def test_a_worker_whose_clock_is_ahead_keeps_no_other_from_noting_its_end() -> None:
    note_end(COVER, [], fault="", now=NOON + HOUR)
    note_end(COVER, [], fault="", now=NOON)
    assert Sweep.objects.get().ended_at == NOON


def test_an_end_that_lies_ahead_is_no_good_end() -> None:
    """A worker whose clock was an hour ahead noted it, and nothing has run since."""
    all_ended(NOON)
    note_end(COVER, [], fault="", now=NOON + HOUR)
    assert names(minutes=4) == ["cover"]
    Sweep.objects.filter(name="cover").update(ended_at=NOON + 4 * MINUTE)
    assert names(minutes=0) == [], "clocks that differ a little are a matter of their own alarm"


def test_a_task_that_has_ended_is_noted_under_the_name_that_beat_asks_for_it_by() -> None:
    with time_machine.travel(NOON, tick=False):
        for task, args in ((tasks.cover, ()), (tasks.send, ("in_app",)), (tasks.extend_outages, ())):
            task.apply(args=args)
    assert set(Sweep.objects.values_list("name", "ended_at")) == {("cover", NOON), ("send-in_app", NOON)}


def test_a_task_that_has_failed_is_noted_with_the_databases_own_name_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_clock: object) -> int:
        raise DatabaseError("Ada, 5 Harbour Road") from DiskFull("Ada, 5 Harbour Road")

    monkeypatch.setattr("notifications.tasks.coverage.check_coverage", fail)
    with time_machine.travel(NOON, tick=False):
        tasks.cover.apply()
    row = Sweep.objects.get()
    assert (row.name, row.ended_at, row.failed_at, row.why) == ("cover", None, NOON, "DiskFull")
