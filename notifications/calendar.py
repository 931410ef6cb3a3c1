"""Which stage an installment's due date has reached in each borrower's own calendar. Pure functions.

A stage is chosen by "has been reached and not overtaken", never by equality: a day on which nothing ran loses nothing,
and a stage that was overtaken meanwhile is not told any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from notifications.timing import END_OF_DAY, ContactHours, at_local, lawful_moment, local_day
from notifications.working_days import EVERY_DAY, WorkingDays

LEADS: Final = (7, 3, 1, 0)
"""Days before the due date. 7-3-1 follows Fishbane, Ouss & Shah (Science 2020); 0 is the day itself."""
OVERDUE_STAGES: Final = (1, 3, 7)
"""Days after the due date."""
OVERDUE_WINDOW: Final = 30
"""After so many days an overdue installment is no longer news."""
TIME_TO_ACT: Final = time(12)
"""On the last day a person must have the case by noon, local time."""
LEAST_TRY: Final = timedelta(hours=2)
FOR_A_CALL: Final = timedelta(hours=1)
"""What a person needs of the last contact hours of a due day."""
"""However late a prompt is planned, its channels get so long before a person is called."""
AT_ANY_HOUR: Final = ContactHours(time.min, END_OF_DAY)


@dataclass(frozen=True, slots=True)
class Slot:
    """Installments due on `due_on` with borrowers in `zone`: their stage, when to tell it, and until when to try.

    `moment` and `deadline` are UTC. `early`: told before its lead, since nobody works from then on.
    """

    zone: str
    due_on: date
    stage: int
    moment: datetime
    deadline: datetime
    early: bool = False


def upcoming(
    zones: Iterable[tuple[str, ZoneInfo]],
    now: datetime,
    hours: ContactHours,
    *,
    leads: Sequence[int] = LEADS,
    working_days: WorkingDays = EVERY_DAY,
) -> Iterator[Slot]:
    """A slot for each (zone, due date) whose first stage has opened. `zones`: stored name, zone it stands for."""
    for name, zone in zones:
        today = local_day(now, zone)
        for days in range(days_ahead(today, leads, working_days) + 1):
            due_on = today + timedelta(days=days)
            stage = upcoming_stage(days, leads)
            moment = lawful_moment(now, now=now, zone=zone, hours=hours, latest=end_of_due_day(due_on, zone)).at
            ends = deadline(due_on, stage, zone, moment, working_days, hours)
            yield Slot(name, due_on, stage, moment, ends, early=days > max(leads))


def overdue(
    zones: Iterable[tuple[str, ZoneInfo]],
    now: datetime,
    hours: ContactHours,
    *,
    stages: Sequence[int] = OVERDUE_STAGES,
) -> Iterator[Slot]:
    """A slot for each (zone, due date) from the first stage back to the end of the window."""
    for name, zone in zones:
        today = local_day(now, zone)
        for days in range(min(stages), OVERDUE_WINDOW + 1):
            due_on = today - timedelta(days=days)
            moment = lawful_moment(now, now=now, zone=zone, hours=hours).at
            yield Slot(name, due_on, overdue_stage(days, stages), moment, overdue_deadline(moment, zone))


def days_ahead(today: date, leads: Sequence[int] = LEADS, working_days: WorkingDays = EVERY_DAY) -> int:
    """How many days away the last due date is whose first stage has opened by `today`: `opens_on`, seen from there."""
    longest = max(leads)
    until_somebody_works = (working_days.next_working_day(today) - today).days
    return max(longest, until_somebody_works if longest else until_somebody_works - 1)


def opens_on(due_on: date, stage: int, leads: Sequence[int] = LEADS, working_days: WorkingDays = EVERY_DAY) -> date:
    """The day on which a stage opens: as many days before the due date as its lead says.

    The first one opens while a person can still act: no later than on the last working day, however long a holiday
    follows.
    """
    day = due_on - timedelta(days=stage)
    return min(day, last_day_to_act(due_on, stage, working_days)) if stage == max(leads) else day


def upcoming_stage(days: int, leads: Sequence[int] = LEADS) -> int:
    """The stage of an installment due in `days`: the shortest lead that is still ahead of it, else the longest."""
    return min((lead for lead in leads if lead >= days), default=max(leads))


def overdue_stage(days: int, stages: Sequence[int] = OVERDUE_STAGES) -> int:
    """The stage of an installment overdue for `days`: the latest one that it has reached."""
    return max(stage for stage in stages if stage <= days)


def end_of_due_day(due_on: date, zone: ZoneInfo) -> datetime:
    """The last moment at which it is not overdue, UTC: contact hours hold nothing beyond it that is told before. Where
    clocks go back over midnight, the day's last hour comes twice.
    """
    return at_local(due_on, time.max, zone, last=True)


def deadline(
    due_on: date,
    stage: int,
    zone: ZoneInfo,
    started_at: datetime,
    working_days: WorkingDays = EVERY_DAY,
    hours: ContactHours = AT_ANY_HOUR,
) -> datetime:
    """The last moment at which an unreached borrower goes to a person, as UTC.

    Noon of the last working day before the due date, so that a person is there and a working afternoon is left; for a
    prompt of the due day itself noon of that day, where it is a working day. Of a stage that begins after it, on a day
    on which nobody works, the close of `hours` of its own day: nothing is gained by hurrying its channels. But never
    before they had `LEAST_TRY` from `started_at` on; where that would end in the night, they have it from when `hours`
    open again. Only the evening of the due day itself is not theirs: from `FOR_A_CALL` before `hours` close a person
    has the case, beside what is being sent.
    """
    noon = at_local(last_day_to_act(due_on, stage, working_days), TIME_TO_ACT, zone)
    least = started_at + LEAST_TRY
    if noon >= least:
        return noon
    day = local_day(started_at, zone)
    closes = at_local(day, hours.closes, zone)
    if day < due_on and not working_days.is_working_day(day) and closes >= least:
        return closes
    opening = hours.next_open(least, zone)
    after_the_night = opening + LEAST_TRY
    in_time = least if opening == least or after_the_night > end_of_due_day(due_on, zone) else after_the_night
    return min(in_time, max(started_at, closes - FOR_A_CALL)) if day == due_on else in_time


def last_day_to_act(due_on: date, stage: int, working_days: WorkingDays) -> date:
    """The last working day before the due date; of a prompt of the due day, that day itself where people work on it."""
    return working_days.previous_working_day(due_on + timedelta(days=1) if stage == 0 else due_on)


def overdue_deadline(started_at: datetime, zone: ZoneInfo) -> datetime:
    """Until when the channels are tried for what is late: the same hour of the borrower's next day, as UTC."""
    wall = started_at.astimezone(zone)
    return at_local(wall.date() + timedelta(days=1), wall.time(), zone)
