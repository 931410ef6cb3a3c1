"""What the law, and where it is silent our own choice, sets for telling a person: dated figures with their sources.

The figures are data in policies/*.toml, read by `policy_files`. Nothing here is legal advice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from notifications.timing import ContactHours


class PolicyError(Exception):
    """A policy that is missing or cannot be used. `faults` are for the operator: the file, the place, what to mend; the
    text has a line for each.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Purpose(StrEnum):
    """Why a person is told something: it decides which rules bind the telling."""

    SERVICE = "service"
    STATUTORY = "statutory"
    COLLECTION = "collection"


PURPOSES: Final = MappingProxyType(
    {
        "upcoming": Purpose.SERVICE,
        "payment_received": Purpose.SERVICE,
        "payment_settled": Purpose.SERVICE,
        "payment_returned": Purpose.SERVICE,
        "schedule_changed": Purpose.SERVICE,
        "outage_declared": Purpose.SERVICE,
        "dispute_opened": Purpose.SERVICE,
        "dispute_answered": Purpose.SERVICE,
        "dispute_decided": Purpose.SERVICE,
        "prior_notice": Purpose.STATUTORY,
        "overdue": Purpose.COLLECTION,
    }
)
"""By the kind of a prompt. A start with a kind that is missing here is refused (notifications.E002)."""

CHANNELS: Final = ("sms", "email", "push", "voice", "unanswered_voice")
"""What has caps. `voice` is every call, or every answered one where calls that nobody took have a cap of their own."""
SPANS: Final = ("day", "week")
NOTICES: Final = ("adverse_report", "default", "arrears", "varying_debit", "statement")
DISPUTES: Final = ("objection", "objection_extended", "complaint", "complaint_extended", "complaint_longest")


class Mark(StrEnum):
    """How sure a figure is."""

    PRIMARY = "V"
    """Read in the primary text."""
    SECONDARY = "S"
    """Read in a secondary source."""
    RECALLED = "R"
    """Recalled: to be checked."""
    OWN = "O"
    """Our own choice as a product, not law."""


class When(StrEnum):
    """On which side of the event a notice has to be."""

    BEFORE = "before"
    AFTER = "after"


class Unit(StrEnum):
    DAYS = "days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a figure is from, how sure it is, and the first day on which it holds."""

    source: str
    mark: Mark
    valid_from: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated figure. `subject` is what it is about, such as `cn/collection/hours`."""

    subject: str
    citation: Citation

    @property
    def id(self) -> str:
        """The name to keep beside a decision: `cn/collection/hours/2025-02-28`; at most 80 characters."""
        return f"{self.subject}/{self.citation.valid_from}"

    @property
    def purpose(self) -> str:
        """One of Purpose, `disputes` or `texts`."""
        return self.subject.split("/")[1]


@dataclass(frozen=True, slots=True)
class HoursRule(Rule):
    """When, in their own zone, a person may be told."""

    hours: ContactHours


@dataclass(frozen=True, slots=True)
class Cap(Rule):
    """How often at most on a channel: within the borrower's calendar day, or within seven days up to any moment."""

    channel: str
    span: str
    most: int


@dataclass(frozen=True, slots=True)
class CoolOff(Rule):
    """How many days no call follows after a conversation; the day of the conversation is the first of them."""

    channel: str
    days: int


@dataclass(frozen=True, slots=True)
class NoticePeriod(Rule):
    """A notice is given at least `days` before what it is `about`, or at most `days` after. 0 before: beforehand."""

    about: str
    days: int
    when: When


@dataclass(frozen=True, slots=True)
class DisputeClock(Rule):
    """Within what time a dispute is to be answered. Listed; nothing follows it yet."""

    about: str
    most: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class OptOut(Rule):
    """Within how many working days it is obeyed that somebody, in any words, wants no more messages."""

    days: int


AnyRule = TypeVar("AnyRule", bound=Rule)


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures of one jurisdiction and purpose that are in force on `day`, the borrower's own."""

    jurisdiction: str
    purpose: Purpose
    day: date
    hours: HoursRule
    caps: tuple[Cap, ...] = ()
    cool_offs: tuple[CoolOff, ...] = ()
    notices: tuple[NoticePeriod, ...] = ()

    def caps_on(self, channel: str) -> tuple[Cap, ...]:
        """The caps of a channel; none where neither the law nor our choice sets one."""
        return tuple(cap for cap in self.caps if cap.channel == channel)

    def cool_off(self, channel: str) -> CoolOff | None:
        return next((rule for rule in self.cool_offs if rule.channel == channel), None)

    def notice(self, about: str) -> NoticePeriod | None:
        """The notice that is due about one of NOTICES, if there is one."""
        return next((rule for rule in self.notices if rule.about == about), None)


def in_force(rules: Iterable[AnyRule], day: date) -> Iterator[AnyRule]:
    """Of each subject the figure that holds on `day`: the latest that has begun."""
    latest: dict[str, AnyRule] = {}
    for rule in sorted(rules, key=lambda rule: rule.citation.valid_from):
        if rule.citation.valid_from <= day:
            latest[rule.subject] = rule
    yield from latest.values()


def purpose_of(kind: str) -> Purpose:
    """The purpose of a kind of prompt. Raises PolicyError."""
    if kind not in PURPOSES:
        raise PolicyError(f"A prompt of the kind {kind!r} has no purpose: give it one in notifications/policy.py.")
    return PURPOSES[kind]
