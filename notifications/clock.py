"""When it is, when people may be told, and how this installation's time runs."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.conf import settings

from notifications.policy import purpose_of
from notifications.policy_files import policy_for
from notifications.timing import ContactHours, local_day


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
        """The contact hours for a kind of prompt, and the id of the rule that they are from, empty where none is."""
        if self.hours is not None:
            return self.hours, ""
        rule = policy_for(jurisdiction, purpose_of(kind), local_day(self.now, zone)).hours
        return rule.hours, rule.id
