"""When it is, and how this installation's time runs."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from notifications.timing import ContactHours


@dataclass(frozen=True, slots=True)
class Clock:
    """When it is, within which hours people may be told, and how fast waits run."""

    now: datetime
    hours: ContactHours
    pace: float = 1.0

    @classmethod
    def at(cls, now: datetime) -> "Clock":
        """The clock of this installation, read at `now`."""
        return cls(now, ContactHours.parse(settings.CONTACT_HOURS), settings.LADDER_PACE)
