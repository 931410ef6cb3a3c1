"""The latest stage that each due date has reached, for the look at what nothing is planned about yet.

Where it is still yesterday, or people work on other days, a date has reached another stage, or none: such dates are
looked at by place.
Where partners have leads of their own a date can have reached one stage by their plan and another, or none, by the
usual one. Such dates are looked at apart: those of a plan among the loans of its partner.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from notifications.models import Prompt
from notifications.slots import Slot

Where = tuple[str, str]
"""A law and a time zone: together they say on which days people work, and so when a first stage opens."""
Stages = dict[date, dict[Where, int]]
"""By due date, the latest stage that has been reached in each place."""


def columns_of_days(kind: str, slots: Sequence[Slot]) -> dict[str, Any]:
    """The due dates of `slots` as the columns that the statements of `planning_look` take them in.

    `days`, each once, with `lasts`, are those of the usual plan that have reached the same everywhere; `split_*` those
    that have not, with the latest of them, and by place. Of `apart_days` only loans without another plan are meant. The
    other `apart_*` say when the loans of which plan have reached what, and where.
    """
    reached = _reached(kind, slots)
    usual: Stages = reached.pop(0, {})
    apart = {day for own in reached.values() for day in {*own, *usual} if own.get(day) != usual.get(day)}
    rows = [
        (plan, *where, day, last)
        for plan, own in reached.items()
        for day in apart & own.keys()
        for where, last in own[day].items()
    ]
    return _columns_of_usual(kind, usual) | {
        "apart_days": sorted(apart & usual.keys()),
        "apart_plans": [plan for plan, *_rest in rows],
        "apart_laws": [law for _plan, law, *_rest in rows],
        "apart_zones": [zone for _plan, _law, zone, *_rest in rows],
        "apart_due": [day for *_place, day, _last in rows],
        "apart_lasts": [last for *_place, _day, last in rows],
        "apart_first": min((day for *_place, day, _last in rows), default=date.min),
        "apart_last": max((day for *_place, day, _last in rows), default=date.min),
        "apart_partners": sorted({slot.plan.partner_id for slot in slots if slot.plan.number}),
    }


def _columns_of_usual(kind: str, usual: Stages) -> dict[str, Any]:
    places = {where for stages in usual.values() for where in stages}
    later = min if kind == Prompt.Kind.UPCOMING else max
    split = {day: stages for day, stages in usual.items() if len(stages) < len(places) or len({*stages.values()}) > 1}
    alike = {day: min(stages.values()) for day, stages in usual.items() if day not in split}
    rows = [(*where, day, last) for day, stages in split.items() for where, last in stages.items()]
    return {
        "days": list(alike),
        "lasts": list(alike.values()),
        "first_due": min(alike, default=date.min),
        "last_due": max(alike, default=date.min),
        "split_days": list(split),
        "split_firsts": [later(stages.values()) for stages in split.values()],
        "split_first": min(split, default=date.min),
        "split_last": max(split, default=date.min),
        "split_laws": [law for law, _zone, _day, _last in rows],
        "split_zones": [zone for _law, zone, _day, _last in rows],
        "split_due": [day for _law, _zone, day, _last in rows],
        "split_lasts": [last for *_place, last in rows],
    }


def _reached(kind: str, slots: Sequence[Slot]) -> dict[int, Stages]:
    """By the number of a plan."""
    later = min if kind == Prompt.Kind.UPCOMING else max
    reached: dict[int, Stages] = defaultdict(lambda: defaultdict(dict))
    for slot in slots:
        stages = reached[slot.plan.number][slot.at.due_on]
        where = slot.place.jurisdiction, slot.place.name
        stages[where] = later(stages.get(where, slot.at.stage), slot.at.stage)
    return reached
