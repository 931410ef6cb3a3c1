"""Which stage an installment's due date has reached in each borrower's own calendar. Pure functions.

A stage is chosen by "has been reached and not overtaken", never by equality: a day on which nothing ran loses nothing,
and a stage that was overtaken meanwhile is not told any more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from notifications.timing import ContactHours, at_local, lawful_moment, local_day

LEADS: Final = (7, 3, 1, 0)
"""Days before the due date. 7-3-1 follows Fishbane, Ouss & Shah (Science 2020); 0 is the day itself."""
OVERDUE_STAGES: Final = (1, 3, 7)
"""Days after the due date."""
OVERDUE_WINDOW: Final = 30
"""After so many days an overdue installment is no longer news."""
TIME_TO_ACT: Final = time(12)
"""On the last day a person must have the case by noon, local time."""
LEAST_TRY: Final = timedelta(hours=2)
"""However late a prompt is planned, its channels get so long before a person is called."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Installments due on `due_on` with borrowers in `zone`: their stage, when to tell it, and until when to try.

    `moment` and `deadline` are UTC.
    """

    zone: str
    due_on: date
    stage: int
    moment: datetime
    deadline: datetime


def upcoming(zones: Iterable[tuple[str, ZoneInfo]], now: datetime, hours: ContactHours) -> Iterator[Slot]:
    """A slot for each (zone, due date) from today to the longest lead. `zones`: stored name, zone it stands for."""
    for name, zone in zones:
        today = local_day(now, zone)
        for days in range(max(LEADS) + 1):
            due_on = today + timedelta(days=days)
            stage = upcoming_stage(days)
            end_of_due_day = at_local(due_on, time.max, zone)
            moment = lawful_moment(now, zone=zone, hours=hours, latest=end_of_due_day)
            yield Slot(name, due_on, stage, moment, deadline(due_on, stage, zone, moment))


def overdue(zones: Iterable[tuple[str, ZoneInfo]], now: datetime, hours: ContactHours) -> Iterator[Slot]:
    """A slot for each (zone, due date) from yesterday back to the end of the window."""
    for name, zone in zones:
        today = local_day(now, zone)
        for days in range(min(OVERDUE_STAGES), OVERDUE_WINDOW + 1):
            due_on = today - timedelta(days=days)
            moment = lawful_moment(now, zone=zone, hours=hours)
            stage = max(stage for stage in OVERDUE_STAGES if stage <= days)
            yield Slot(name, due_on, stage, moment, moment + timedelta(days=1))


def upcoming_stage(days: int) -> int:
    """The stage of an installment due in `days`: the shortest lead that is still ahead of it."""
    return min(lead for lead in LEADS if lead >= days)


def deadline(due_on: date, stage: int, zone: ZoneInfo, started_at: datetime) -> datetime:
    """The last moment at which an unreached borrower goes to a person, as UTC.

    Noon of the day before the due date, and for a prompt of the due day itself noon of that day, so that a working
    afternoon is left; but never before the channels had `LEAST_TRY` from `started_at` on.
    """
    last_day = due_on if stage == 0 else due_on - timedelta(days=1)
    return max(at_local(last_day, TIME_TO_ACT, zone), started_at + LEAST_TRY)
