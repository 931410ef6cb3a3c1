"""What beat asks for does not hang on the clock of its machine."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from django.conf import settings

from portal import beat, celery

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class Machine(Celery):
    """Its clock says what it is set to."""

    wall = NOON

    def now(self) -> datetime:
        return self.wall


class Asking(beat.Sweeps):
    """Keeps in mind what it has asked for, by name."""

    def __init__(self, app: Celery, **more: Any) -> None:
        self.asked: list[str] = []
        super().__init__(app, **more)

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **_: Any) -> None:
        self.asked.append(entry.name)

    @property
    def producer(self) -> Any:
        return None

    def ask(self) -> list[str]:
        """What is due by now."""
        self.asked = []
        while not self.tick():
            pass
        return self.asked


@pytest.fixture
def machine() -> Iterator[Machine]:
    schedule = {
        "often": {"task": "often", "schedule": 5.0},
        "seldom": {"task": "seldom", "schedule": 600.0},
        "daily": {"task": "daily", "schedule": 86_400.0},
    }
    app = Machine("machine", set_as_current=False)
    app.conf.update(beat_schedule=schedule, timezone="UTC")
    yield app
    app.close()


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds since some moment, as the machine counts them; its clock plays no part in it."""
    seconds = [1000.0]
    monkeypatch.setattr("portal.beat.monotonic", lambda: seconds[0])
    return seconds


def test_everything_is_asked_for_at_each_start(machine: Machine, passed: list[float]) -> None:
    assert set(Asking(machine).ask()) == set(Asking(machine).ask()) == {"often", "seldom", "daily"}


@pytest.mark.parametrize("jump", [-6 * HOUR, 6 * HOUR, timedelta()])
def test_each_is_asked_for_after_its_time_wherever_the_clock_has_jumped(
    machine: Machine, passed: list[float], jump: timedelta
) -> None:
    asking = Asking(machine)
    asking.ask()
    machine.wall += jump
    assert asking.ask() == []
    passed[0] += 5
    assert asking.ask() == ["often"]
    passed[0] += 595
    assert sorted(asking.ask()) == ["often", "seldom"]
    passed[0] += 86_400
    assert sorted(asking.ask()) == ["daily", "often", "seldom"]


def test_beat_keeps_every_sweep_so_and_nothing_on_a_disk() -> None:
    assert settings.CELERY_BEAT_SCHEDULER == "portal.beat:Sweeps"
    entries = beat.Sweeps(celery.app).schedule
    assert set(entries) == set(settings.CELERY_BEAT_SCHEDULE)
    assert {vars(entry.schedule)["nowfun"] for entry in entries.values()} == {beat.passed}
