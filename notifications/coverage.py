"""Proves that nobody is forgotten: every installment that is due soon is being told, was told, or is with a person.

Where that does not hold an alarm is open, whatever the reason: a planner that does not run, workers that do not, a
person whom no channel reached and nobody follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from django.db import connection

from accounts.models import User
from notifications import coverage_statements
from notifications.calendar import days_ahead
from notifications.clock import Clock
from notifications.ladder import FAULTY
from notifications.models import Alarm
from notifications.passed_by import OVERTAKEN
from notifications.slots import Plan, plans_of_leads, working_days
from notifications.timing import local_day

GRACE: Final = timedelta(minutes=10)
"""What planning may take, and how late a ladder may be looked at."""

DETAIL: Final = "Nobody is telling this borrower: look at the planner and the workers, then call the borrower."


@dataclass(frozen=True, slots=True)
class Window:
    """What is due soon in one place, by one plan of leads: from `first` to `last`; `works_on` is when a person is there
    next.
    """

    jurisdiction: str
    zone: str
    plan: Plan
    first: date
    last: date
    works_on: date

    @property
    def gap(self) -> timedelta:
        """The longest time between two of its stages: until the next one, news of now cover."""
        return timedelta(days=max((longer - shorter for longer, shorter in pairwise(self.plan.leads)), default=1))


def check_coverage(clock: Clock) -> int:
    """Open an alarm for each installment that nobody is being told about, and close those of the others.

    It looks as far ahead for each loan as its own plan of leads does. Returns how many alarms are open.
    """
    places = _windows(clock)
    columns = _columns(places, clock.now.date())
    uncovered = coverage_statements.USUAL
    if any(len(windows) > 1 for windows in places):
        uncovered += coverage_statements.OF_NO_OTHER_PLAN
    if columns["apart_plans"]:
        uncovered += coverage_statements.APART
    moments = {"known_by": clock.now - GRACE, "now": clock.now}
    parameters = {**columns, **moments, "detail": DETAIL, "overtaken": OVERTAKEN, "faulty": FAULTY}
    with connection.cursor() as cursor:
        cursor.execute(coverage_statements.WATCH.format(uncovered=uncovered), parameters)
    return Alarm.objects.open().filter(kind=Alarm.Kind.COVERAGE).count()


def _windows(clock: Clock) -> list[list[Window]]:
    """In each place where people live, one for each plan; the usual one first."""
    plans = plans_of_leads()
    return [[_window(*place, plan, clock) for plan in plans] for place in User.objects.places()]


def _window(jurisdiction: str, name: str, plan: Plan, clock: Clock) -> Window:
    zone = User(time_zone=name).zone
    today, days = local_day(clock.now - GRACE, zone), working_days(jurisdiction, zone)
    last = today + timedelta(days=days_ahead(today, plan.leads, days))
    return Window(jurisdiction, name, plan, today, last, days.next_working_day(today - timedelta(days=1)))


def _columns(places: Sequence[Sequence[Window]], today: date) -> dict[str, Any]:
    """The windows of the usual plan, each with the day up to which every plan looks, and, as `apart_*`, what other
    plans look at beyond it.
    """
    usual = [windows[0] for windows in places]
    for_all_until = [min(one.last for one in windows) for windows in places]
    apart = [
        (one, until + timedelta(days=1))
        for windows, until in zip(places, for_all_until, strict=True)
        for one in windows[1:]
        if one.last > until
    ]
    return {
        "jurisdictions": [one.jurisdiction for one in usual],
        "zones": [one.zone for one in usual],
        "firsts": [one.first for one in usual],
        "lasts": [one.last for one in usual],
        "for_all_until": for_all_until,
        "works_on": [one.works_on for one in usual],
        "gaps": [max(one.gap for one in windows) for windows in places],
        "first": min((one.first for one in usual), default=today),
        "last": max((one.last for one in usual), default=today),
        "apart_plans": [one.plan.number for one, _first in apart],
        "apart_laws": [one.jurisdiction for one, _first in apart],
        "apart_zones": [one.zone for one, _first in apart],
        "apart_firsts": [first for _one, first in apart],
        "apart_lasts": [one.last for one, _first in apart],
        "apart_works_on": [one.works_on for one, _first in apart],
        "apart_gaps": [one.gap for one, _first in apart],
        "apart_partners": sorted({one.plan.partner_id for one, _first in apart}),
    }
