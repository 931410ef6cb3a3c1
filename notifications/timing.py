"""The next moment at which a person may be told something, in their own day. Pure functions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class ContactHours:
    """The hours of the borrower's day in which messages may go out: from `opens` up to, not including, `closes`.

    The default, 08:00 to 22:00, is the complement of the quiet hours 22:00-08:00 of GB/T 45251-2025, which bind
    collection and are kept here for every prompt.
    """

    opens: time = time(8)
    closes: time = time(22)

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError(f"Contact hours that never open: {self.opens:%H:%M}-{self.closes:%H:%M}.")

    @classmethod
    def parse(cls, text: str) -> "ContactHours":
        """Read `08:00-22:00`; `24:00` closes at the end of the day. Raises ValueError."""
        opens, _dash, closes = text.partition("-")
        end = time.max if closes.strip() == "24:00" else time.fromisoformat(closes.strip())
        return cls(time.fromisoformat(opens.strip()), end)


def local_day(now: datetime, zone: tzinfo) -> date:
    """The calendar day of `now` where the borrower is."""
    return now.astimezone(zone).date()


def at_local(day: date, clock: time, zone: tzinfo) -> datetime:
    """`clock` on `day` in `zone`, as UTC. A time that the clocks skip is the moment right after the gap."""
    wall = datetime.combine(day, clock, zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        instant = wall.replace(fold=1).astimezone(UTC)
        return max(instant, wall.astimezone(UTC))
    return instant


def lawful_moment(wanted: datetime, *, zone: tzinfo, hours: ContactHours, latest: datetime | None = None) -> datetime:
    """The first moment at or after `wanted` within contact hours, as UTC.

    Held, never dropped; where holding would pass `latest`, it is `wanted` itself: better told at an odd hour than not
    told in time.
    """
    moment = _next_open(wanted, zone, hours)
    if latest is not None and moment > latest:
        return wanted.astimezone(UTC)
    return moment


def _next_open(wanted: datetime, zone: tzinfo, hours: ContactHours) -> datetime:
    day = local_day(wanted, zone)
    for candidate in (day, day + timedelta(days=1), day + timedelta(days=2)):
        moment = max(at_local(candidate, hours.opens, zone), wanted.astimezone(UTC))
        if hours.opens <= moment.astimezone(zone).time() < hours.closes and local_day(moment, zone) == candidate:
            return moment
    return wanted.astimezone(UTC)
