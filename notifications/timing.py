"""The next moment at which a person may be told something, in their own day. Pure functions."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum
from math import ceil, floor
from typing import Final

TO_BE_OUT: Final = timedelta(minutes=1)
"""Nothing is planned for the last minute of the contact hours: it would be with its provider after the close."""
SHORTEST: Final = timedelta(minutes=10)
"""Contact hours are open at least so long: what is planned for their opening leaves within seconds where all goes well,
and where it does not it must not wait from day to day.
"""
END_OF_DAY: Final = time.max
"""Stands for 24:00, which `time` does not know."""
_CLOCK: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"


@dataclass(frozen=True, slots=True)
class ContactHours:
    """The hours of the borrower's day in which messages may go out: from `opens` up to, not including, `closes`.

    `closes` may be END_OF_DAY. Hours never cross midnight: what is told after it belongs to the next day, whose due
    dates, caps and stages are others; a law that allows 20:00-02:00 is written as 20:00-24:00. Raises ValueError.
    """

    opens: time = time(8)
    closes: time = time(22)

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError(
                f"Contact hours that never open: {self}. They open and close on the same day; 24:00 is its end."
            )
        length = datetime.combine(date.min, self.closes) - datetime.combine(date.min, self.opens)
        if length < SHORTEST - timedelta.resolution:  # END_OF_DAY lacks as much
            raise ValueError(f"Contact hours too short to tell anybody in: {self}. They last at least ten minutes.")

    @classmethod
    def parse(cls, text: str) -> "ContactHours":
        """Read `08:00-22:00`; `24:00` closes at the end of the day. Raises ValueError."""
        found = re.fullmatch(rf"\s*({_CLOCK})\s*-\s*({_CLOCK}|24:00)\s*", text)
        if found is None:
            raise ValueError(f"Contact hours {text[:40]!r} cannot be read: write them as 08:00-22:00.")
        opens, closes = found.groups()
        return cls(time.fromisoformat(opens), END_OF_DAY if closes == "24:00" else time.fromisoformat(closes))

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closing}"

    @property
    def closing(self) -> str:
        """When they close, as words: `22:00`, `24:00`."""
        return "24:00" if self.closes == END_OF_DAY else f"{self.closes:%H:%M}"

    @property
    def always(self) -> bool:
        """Whether they never close."""
        return self.opens == time.min and self.closes == END_OF_DAY

    def next_open(self, moment: datetime, zone: tzinfo) -> datetime:
        """`moment` where it is within the hours, else when they open next; as UTC."""
        if self.always:
            return moment.astimezone(UTC)
        opens = next(first for first, last in self._windows(local_day(moment, zone), zone, 1) if last >= moment)
        return max(opens, moment.astimezone(UTC))

    def close_of(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """When these hours, open at `moment`, close, as UTC; None where they never do, or are closed."""
        if self.always:
            return None
        first, last = next(self._windows(local_day(moment, zone), zone, 1))
        return last + TO_BE_OUT if first <= moment <= last else None

    def last_open(self, moment: datetime, zone: tzinfo) -> datetime:
        """`moment` where it is within the hours, else their last moment before it; as UTC."""
        if self.always:
            return moment.astimezone(UTC)
        closes = next(last for first, last in self._windows(local_day(moment, zone), zone, -1) if first <= moment)
        return min(closes, moment.astimezone(UTC))

    def _windows(self, day: date, zone: tzinfo, step: int) -> Iterator[tuple[datetime, datetime]]:
        """First and last moment of each day from `day` on, in steps of `step` days; days without any are left out.

        Where clocks go back over an opening or a closing, the later opening and the earlier closing count, so that the
        clock on the wall is within the hours at every moment in between.
        """
        while True:
            first = at_local(day, self.opens, zone, last=True)
            end = at_local(day + timedelta(days=1), time.min, zone)
            last = (end if self.closes == END_OF_DAY else at_local(day, self.closes, zone)) - TO_BE_OUT
            if first <= last:
                yield first, last
            day += timedelta(days=step)


class Why(Enum):
    """How a moment came about."""

    AS_WANTED = "as_wanted"
    HELD = "held"
    EARLIER = "earlier"
    ODD_HOUR = "odd_hour"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is to be told, as UTC, and what the contact hours made of the wish."""

    at: datetime
    why: Why


def local_day(now: datetime, zone: tzinfo) -> date:
    """The calendar day of `now` where the borrower is."""
    return now.astimezone(zone).date()


def at_local(day: date, clock: time, zone: tzinfo, *, last: bool = False) -> datetime:
    """`clock` on `day` in `zone`, as UTC.

    A time that the clocks skip is the first moment after the gap; one that comes twice is the first, or the `last`.
    """
    wall = datetime.combine(day, clock.replace(tzinfo=None, fold=0))
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if before > after:
        return _end_of_gap(wall, after, before, zone)
    return after if last else before


def _end_of_gap(wall: datetime, after: datetime, before: datetime, zone: tzinfo) -> datetime:
    """The moment between the two readings of `wall` at which the clocks jump over it; they jump on full seconds."""
    seconds = range(floor(after.timestamp()), ceil(before.timestamp()))
    jump = bisect_left(seconds, wall, key=lambda second: datetime.fromtimestamp(second, zone).replace(tzinfo=None))
    return datetime.fromtimestamp(seconds.start + jump, UTC)


def lawful_moment(
    wanted: datetime,
    *,
    now: datetime,
    zone: tzinfo,
    hours: ContactHours,
    latest: datetime | None = None,
    known_at: datetime | None = None,
) -> Moment:
    """The moment nearest to `wanted` at which it may be told: never before `now`, nor before it was `known_at`.

    Held to the next opening, never dropped; where holding would pass `latest`, earlier: the last open moment before;
    where there is none any more, at once, at an odd hour: better than not told in time. A `latest` that has passed
    holds no longer: what is late in any case waits for a lawful hour.
    """
    soonest = max(now, known_at) if known_at else now
    start = max(wanted, soonest)
    if latest is not None and latest < soonest:
        latest = None
    if latest is not None:
        start = min(start, latest)
    opening = hours.next_open(start, zone)
    if opening == start:
        return Moment(opening, Why.AS_WANTED if start >= wanted else Why.EARLIER)
    if latest is None or opening <= latest:
        return Moment(opening, Why.HELD)
    earlier = hours.last_open(start, zone)
    if earlier >= soonest:
        return Moment(earlier, Why.EARLIER)
    return Moment(soonest.astimezone(UTC), Why.ODD_HOUR)
