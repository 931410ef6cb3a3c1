"""When it is, when people may be told, and how this installation's time runs."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from django.conf import settings

from accounts.zones import GuessedZone
from notifications.policy import purpose_of
from notifications.policy_files import policy_for
from notifications.timing import END_OF_DAY, ContactHours, local_day

LEAST_OPEN: Final = timedelta(hours=1)
"""So long before their close contact hours are open also for those who may be on many clocks."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When it is, and how fast waits run. `hours`, where given, hold for everybody in place of the policies."""

    now: datetime
    hours: ContactHours | None = None
    pace: float = 1.0

    @classmethod
    def at(cls, now: datetime) -> "Clock":
        """The clock of this installation, read at `now`."""
        hours = ContactHours.parse(settings.CONTACT_HOURS) if settings.CONTACT_HOURS else None
        return cls(now, hours, settings.LADDER_PACE)

    def hours_for(self, jurisdiction: str, kind: str, zone: tzinfo) -> tuple[ContactHours, str]:
        """The contact hours for a kind of prompt, and the id of the rule that they are from, empty where none is.

        For people whose zone nobody said they open when they do on the last clock of their country.
        """
        if self.hours is not None:
            return on_every_clock(self.hours, zone, self.now), ""
        rule = policy_for(jurisdiction, purpose_of(kind), local_day(self.now, zone)).hours
        return on_every_clock(rule.hours, zone, self.now), rule.id


def on_every_clock(hours: ContactHours, zone: tzinfo, now: datetime) -> ContactHours:
    """The hours in `zone`; where nobody said it, those in which they are open on each clock of its country."""
    behind = zone.behind(now) if isinstance(zone, GuessedZone) else timedelta()
    return _opening_later(hours, behind) if behind and not hours.always else hours


def _opening_later(hours: ContactHours, by: timedelta) -> ContactHours:
    """What is left of `hours` where they open so much later; never less than the last `LEAST_OPEN` of them."""
    opens, closes = _since_midnight(hours.opens), _since_midnight(hours.closes)
    minutes = max(opens, min(opens + by, closes - LEAST_OPEN)) // timedelta(minutes=1)
    return ContactHours(time(*divmod(minutes, 60)), hours.closes)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(days=1) if clock == END_OF_DAY else timedelta(hours=clock.hour, minutes=clock.minute)
