"""The calendar of a day for everybody: for each law, time zone and plan of leads, what is to be told and when."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from accounts.models import User
from accounts.zones import country_of_zone
from loans.models import Loan
from notifications import calendar
from notifications.clock import Clock
from notifications.leads import LeadsError, parse_leads, parse_stages
from notifications.models import LeadPlan, Prompt
from notifications.timing import at_local
from notifications.working_days import WorkingDays

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """The leads and stages of the loans of one partner or product; number 0 is for all that have no other."""

    number: int = 0
    partner_id: int = 0
    leads: tuple[int, ...] = calendar.LEADS
    stages: tuple[int, ...] = calendar.OVERDUE_STAGES


@dataclass(frozen=True, slots=True)
class Place:
    """People under one law in one time zone, by the name that is stored for it."""

    jurisdiction: str
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of the calendar, where and for which plan it is. `held_by`: the rule that put its moment off, if any."""

    place: Place
    plan: Plan
    at: calendar.Slot
    held_by: str


class Before(NamedTuple):
    """A stage before the one of a slot, and when the next one began, UTC: by then figures had to be known for it to be
    told. Nobody was told of it or of a later one, if nothing of its kind is planned from stage `least` to `most`.
    """

    kind: Prompt.Kind
    stage: int
    least: int
    most: int
    known_by: datetime


def slots_of(kind: str, clock: Clock) -> list[Slot]:
    """All slots of `kind` (upcoming or overdue) at this moment."""
    plans = plans_of_leads()
    return [slot for place in _places() for plan in plans for slot in _slots(kind, place, plan, clock)]


def plans_of_leads() -> list[Plan]:
    """The usual leads, and those that partners and products have of their own."""
    return [Plan(), *(_plan(row) for row in LeadPlan.objects.order_by("pk"))]


def plan_of(loan: Loan, own: Iterable[LeadPlan]) -> Plan:
    """The plan of a loan, of those that partners and products have of their own: one for its product first, then its
    platform's, its bank's; else the usual one. `planning_statements.WITH_PLANS` says the same.
    """
    fitting = [row for row in own if row.partner_id in {loan.platform_id, loan.bank_id}]
    fitting = [row for row in fitting if row.product in {"", loan.product}]
    first = min(fitting, key=lambda row: (not row.product, row.partner_id == loan.bank_id), default=None)
    return _plan(first) if first else Plan()


def _plan(row: LeadPlan) -> Plan:
    return _read(row.pk, row.partner_id, row.upcoming, row.overdue)


@lru_cache(maxsize=1024)
def _read(number: int, partner_id: int, upcoming: str, overdue: str) -> Plan:
    """What nobody can follow, which the database keeps out, is told by the usual leads: left out, its loans would be
    told nothing, and raised, nobody would be. Said once a process.
    """
    usual = Plan(number, partner_id)
    try:
        return replace(usual, leads=parse_leads(upcoming), stages=parse_stages(overdue))
    except LeadsError as error:
        logger.error("leads %s cannot be followed, the usual ones hold until they are mended: %s", number, error)
        return usual


def _places() -> list[Place]:
    return [Place(jurisdiction, name, User(time_zone=name).zone) for jurisdiction, name in User.objects.places()]


def _slots(kind: str, place: Place, plan: Plan, clock: Clock) -> Iterator[Slot]:
    hours, rule = clock.hours_for(place.jurisdiction, kind, place.zone)
    here = [(place.name, place.zone)]
    if kind == Prompt.Kind.UPCOMING:
        days = working_days(place.jurisdiction, place.zone)
        found = calendar.upcoming(here, clock.now, hours, leads=plan.leads, working_days=days)
    else:
        found = calendar.overdue(here, clock.now, hours, stages=plan.stages)
    for slot in found:
        yield Slot(place, plan, slot, rule if slot.moment > clock.now else "")


@lru_cache(maxsize=1024)
def working_days(jurisdiction: str, zone: ZoneInfo) -> WorkingDays:
    """The working days of people under one law in one time zone, which says in which country they are."""
    return WorkingDays.of(jurisdiction, country_of_zone(zone.key))


def stages_before(kind: str, slot: Slot) -> Iterator[Before]:
    """The stages before the slot's own; before an overdue one all leads, too. The last lead is the one to tell until
    the due day is over.
    """
    plan, reached, upcoming = slot.plan, slot.at.stage, kind == Prompt.Kind.UPCOMING
    for lead, shorter in pairwise((*plan.leads, -1)):
        if not upcoming or lead > reached:
            yield Before(Prompt.Kind.UPCOMING, lead, reached + 1 if upcoming else 0, lead, _begins(slot, -shorter))
    for stage, later in pairwise(() if upcoming else plan.stages):
        if stage < reached:
            yield Before(Prompt.Kind.OVERDUE, stage, stage, reached - 1, _begins(slot, later))


def _begins(slot: Slot, days: int) -> datetime:
    """The day that is so many days after the due date."""
    return at_local(slot.at.due_on + timedelta(days=days), time.min, slot.place.zone)


def columns_of(kind: str, slots: Sequence[Slot]) -> dict[str, Any]:
    """The slots of `kind` as the columns that a statement takes them in."""
    return {
        "jurisdictions": [slot.place.jurisdiction for slot in slots],
        "zones": [slot.place.name for slot in slots],
        "plans": [slot.plan.number for slot in slots],
        "rules": [slot.held_by for slot in slots],
        "due_on": [slot.at.due_on for slot in slots],
        "stages": [slot.at.stage for slot in slots],
        "moments": [slot.at.moment for slot in slots],
        "deadlines": [slot.at.deadline for slot in slots],
        "details": [_details(kind, slot) for slot in slots],
        "known_by": [_known_by(kind, slot) for slot in slots],
    }


def _details(kind: str, slot: Slot) -> str:
    """What the record says of a prompt of this slot, as JSON."""
    details = {"kind": kind, "stage": slot.at.stage} | ({"held_by": slot.held_by} if slot.held_by else {})
    return json.dumps(details)


def _known_by(kind: str, slot: Slot) -> datetime | None:
    """Whose figures were known before then may have missed a stage."""
    return max((before.known_by for before in stages_before(kind, slot)), default=None)
