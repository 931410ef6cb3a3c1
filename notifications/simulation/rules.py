"""What a policy says about one wish to tell somebody something: when it may be told, and what moved it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifications import calendar
from notifications.models import Prompt
from notifications.simulation.book import Person
from notifications.timing import ContactHours, lawful_moment


class Moved(StrEnum):
    """What moved a telling away from the moment that was wished for."""

    NOT = ""
    HELD = "held"
    CAPPED = "capped"


@dataclass(frozen=True, slots=True)
class Wish:
    """To tell `person` on `channel` about `kind` at `at` (UTC), and by `latest` if it has to be.

    `contacts` are the moments at which they are told something of the same kind on the same channel anyway.
    """

    person: Person
    kind: Prompt.Kind
    channel: str
    at: datetime
    latest: datetime | None
    contacts: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class Allowed:
    """When it may be told, UTC."""

    at: datetime
    moved: Moved


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy as the simulation asks it: the stages of both kinds, in days, and when a wish is allowed."""

    name: str
    upcoming: tuple[int, ...]
    overdue: tuple[int, ...]
    allow: Callable[[Wish], Allowed]


def rules_of(hours: ContactHours, *, upcoming: Sequence[int] = (), overdue: Sequence[int] = ()) -> Rules:
    """The rules of an installation that has nothing but contact hours and leads."""

    def allow(wish: Wish) -> Allowed:
        at = lawful_moment(wish.at, zone=wish.person.zone, hours=hours, latest=wish.latest)
        return Allowed(at, Moved.HELD if at > wish.at else Moved.NOT)

    name = f"contact hours {hours.opens:%H:%M}-{hours.closes:%H:%M}"
    return Rules(name, tuple(upcoming) or calendar.LEADS, tuple(overdue) or calendar.OVERDUE_STAGES, allow)
