"""How many tellings went out on which day, by channel."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from notifications.simulation.rules import Moved


@dataclass(slots=True)
class Count:
    """Of one day and channel: how many went out, how many of those had waited for hours, and how many a cap put off:
    on the day on which they would have gone out, each once, whether they go out later or never.
    """

    went: int = 0
    held: int = 0
    capped: int = 0


@dataclass(slots=True)
class Tally:
    """Days are the borrowers' own. `persons` counts those handed to a person, `people` those who were looked at,
    `firms` how many prompts each firm had to send, and how many of these it reported in time.
    """

    first: date
    last: date
    counts: dict[tuple[date, str], Count] = field(default_factory=dict)
    persons: dict[date, int] = field(default_factory=dict)
    people: int = 0
    firms: dict[str, tuple[int, int]] = field(default_factory=dict)

    def note_firm(self, day: date, firm: str, *, reported: bool) -> None:
        if self.first <= day <= self.last:
            asked, told = self.firms.get(firm, (0, 0))
            self.firms[firm] = (asked + 1, told + reported)

    def note_telling(self, day: date, channel: str, moved: Moved) -> None:
        if not self.first <= day <= self.last:
            return
        count = self.counts.setdefault((day, channel), Count())
        count.went += 1
        count.held += moved is Moved.HELD

    def note_capped(self, day: date, channel: str) -> None:
        """The ladder may climb past one that a cap put off, so it need not go out to count."""
        if self.first <= day <= self.last:
            self.counts.setdefault((day, channel), Count()).capped += 1

    def note_person(self, day: date) -> None:
        if self.first <= day <= self.last:
            self.persons[day] = self.persons.get(day, 0) + 1

    def as_json(self) -> dict[str, Any]:
        days = [
            {"day": day.isoformat(), "channel": channel, **asdict(count)}
            for (day, channel), count in sorted(self.counts.items())
        ]
        persons = [{"day": day.isoformat(), "escalated": number} for day, number in sorted(self.persons.items())]
        firms = [{"firm": firm, "asked": asked, "told": told} for firm, (asked, told) in sorted(self.firms.items())]
        return {
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "people": self.people,
            "tellings": days,
            "persons": persons,
            "firms": firms,
        }
