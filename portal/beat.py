"""What beat asks for, and when: by the time that has passed, whatever the clock of its machine says."""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

from celery.beat import Scheduler
from celery.schedules import BaseSchedule

_START: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LONG_AGO: Final = datetime(1990, 1, 1, tzinfo=UTC)


def passed() -> datetime:
    """A moment that says nothing but how much time lies between two of them: it never jumps and never goes back."""
    return _START + timedelta(seconds=monotonic())


class Sweeps(Scheduler):
    """Keeps nothing on a disk: everything here is a sweep, which may run at once after each start.

    By the clock of the machine an entry that was asked for before the clock was set back would wait until it is that
    time again; kept in a file, after a restart, too.
    """

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            if isinstance(entry.schedule, BaseSchedule):
                entry.schedule.nowfun = passed  # type: ignore[attr-defined]  # the stubs call it nowfunc
            entry.last_run_at = _LONG_AGO
