"""What a policy says about one wish to tell somebody something: when it may be told, and what moved it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from notifications import policy_files
from notifications.caps import next_allowed
from notifications.clock import on_every_clock
from notifications.models import Prompt
from notifications.policy import (
    Cap,
    CoolOff,
    HoursRule,
    NoticePeriod,
    Policy,
    PolicyError,
    Purpose,
    Rule,
    in_force,
    purpose_of,
)
from notifications.policy_reading import read_rules
from notifications.simulation.book import Person
from notifications.slots import Plan
from notifications.timing import ContactHours, lawful_moment, local_day

Figures = Callable[[str, Purpose, date], Policy]
"""The policy of a jurisdiction and purpose on a day."""


class Moved(StrEnum):
    """What moved a telling away from the moment that was wished for."""

    NOT = ""
    HELD = "held"
    CAPPED = "capped"


@dataclass(frozen=True, slots=True)
class Wish:
    """To tell `person` on `channel` about `kind` at `at` (UTC), and by `latest` if it has to be.

    `contacts` are the moments at which they were told something of the same kind on the same channel.
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
    """A policy as the simulation asks it: the stages of both kinds, in days, and when a wish is allowed.

    Where no stages are given they are those of each loan's own plan.
    """

    name: str
    upcoming: tuple[int, ...]
    overdue: tuple[int, ...]
    allow: Callable[[Wish], Allowed]
    hours: Callable[[Person, Prompt.Kind, datetime], ContactHours]
    """The contact hours of a person's day, at a moment in UTC."""

    def leads_of(self, plan: Plan) -> tuple[int, ...]:
        return self.upcoming or plan.leads

    def stages_of(self, plan: Plan) -> tuple[int, ...]:
        return self.overdue or plan.stages


def rules_of(
    policy: str = "",
    *,
    hours: ContactHours | None = None,
    said_by: str = "",
    upcoming: Sequence[int] = (),
    overdue: Sequence[int] = (),
) -> Rules:
    """The rules of `policy`: a file, the code of a jurisdiction for everybody, or empty: each person's own.

    `hours` hold in place of the policy's, as CONTACT_HOURS does; `said_by` names where they are from, for whoever reads
    the name of the rules. Raises PolicyError.
    """
    figures = _figures(policy)
    name = f"policy {policy or 'of each jurisdiction'}"
    if hours:
        name += f", but contact hours {hours}" + (f" by {said_by}" if said_by else "")

    def figures_of(person: Person, kind: Prompt.Kind, at: datetime) -> Policy:
        return figures(person.jurisdiction, purpose_of(kind), local_day(at, person.zone))

    def hours_of(person: Person, kind: Prompt.Kind, at: datetime) -> ContactHours:
        return on_every_clock(hours or figures_of(person, kind, at).hours.hours, person.zone, at)

    def allow(wish: Wish) -> Allowed:
        zone, found = wish.person.zone, figures_of(wish.person, wish.kind, wish.at)
        open_hours = hours_of(wish.person, wish.kind, wish.at)
        at = lawful_moment(wish.at, now=wish.at, zone=zone, hours=open_hours, latest=wish.latest).at
        shown = replace(found, hours=replace(found.hours, hours=open_hours))
        if capped := next_allowed(shown, wish.channel, wish.contacts, zone=zone, now=at):
            return Allowed(capped.at, Moved.CAPPED)
        return Allowed(at, Moved.HELD if at > wish.at else Moved.NOT)

    return Rules(name, tuple(upcoming), tuple(overdue), allow, hours_of)


def _figures(policy: str) -> Figures:
    if not policy:
        return policy_files.policy_for
    if not policy.endswith(".toml"):
        policy_files.rules_of(policy)  # whoever names a law means its own file
        return lambda _jurisdiction, purpose, day: policy_files.policy_for(policy, purpose, day)
    path = Path(policy)
    try:
        rules = read_rules(path.read_text("utf-8"), path.stem[:2], str(path))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PolicyError(f"{path}: there is no such file.") from error
    except IsADirectoryError as error:
        raise PolicyError(f"{path}: this is a folder, not a file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: this cannot be read as a file in UTF-8: {error}.") from error
    in_one_place = lru_cache(maxsize=4096)(lambda purpose, day: _policy(rules, path.stem, purpose, day))
    return lambda _jurisdiction, purpose, day: in_one_place(purpose, day)


def _policy(rules: Sequence[Rule], code: str, purpose: Purpose, day: date) -> Policy:
    """The figures of one file on one day. Raises PolicyError for a day before its first contact hours."""
    now = list(in_force([rule for rule in rules if rule.purpose == purpose], day))
    hours = next((rule for rule in now if isinstance(rule, HoursRule)), None)
    if hours is None:
        raise PolicyError(f"{code}: {purpose} has no contact hours on {day}: add a figure that holds earlier.")
    caps = tuple(rule for rule in now if isinstance(rule, Cap))
    cool_offs = tuple(rule for rule in now if isinstance(rule, CoolOff))
    notices = tuple(rule for rule in now if isinstance(rule, NoticePeriod))
    return Policy(code, purpose, day, hours, caps, cool_offs, notices)
