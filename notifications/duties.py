"""Plans who sends: prompts that a firm has to send are held for it, whatever else is planned with them.

Where there is no rule this is one look, and only where something is planned.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from notifications import duty_statements
from notifications.clock import Clock
from notifications.firm_words import hear_earlier
from notifications.letting_off import let_off_as_planned
from notifications.models import Responsibility, Sender
from notifications.partner_news import tell_due_as_planned
from notifications.responsibility import times_of
from notifications.slots import Slot


def assign(kind: str, slots: Sequence[Slot], clock: Clock) -> int:
    """Hold those of what is about to be written (`planning_prompt`) that a firm has to send; returns how many.

    They stand in `planning_duty` until the commit.
    """
    hours = _hours(kind, clock)
    if not hours:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.CLEAR)
        cursor.execute(duty_statements.ASSIGN, {"kind": kind, "now": clock.now, **_columns(kind, slots, hours, clock)})
        assigned = int(cursor.rowcount)
        if assigned:
            cursor.execute(duty_statements.ANALYZE)
            cursor.execute(duty_statements.HOLD)
            cursor.execute(duty_statements.BUNDLE)
    return assigned


def write_duties(*, now: datetime, of: Sequence[int] | None = None) -> None:
    """Write what `assign` found, let count what firms have said of it, and tell them that it is their turn. Run it once
    the prompts are written and before any of before is locked. `of` are their ids, where others may have planned some
    of them, and nobody has asked what a bank may have booked.
    """
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.WRITE, {"of": None if of is None else list(of)})
    hear_earlier(now=now)
    if of is not None:
        let_off_as_planned(now)
    tell_due_as_planned(at=now)


def _hours(kind: str, clock: Clock) -> set[tuple[int, int]]:
    """The hours that rules give firms, with those of the other firm; without them, too: a loan may have no other."""
    rules = Responsibility.objects.in_force(clock.now).filter(kind__in=["", kind]).exclude(responsible=Sender.PORTAL)
    pairs = set(rules.order_by().values_list("hours", "backup_hours").distinct())
    return pairs | {(hours, 0) for hours, _backup in pairs}


def _columns(kind: str, slots: Sequence[Slot], hours: set[tuple[int, int]], clock: Clock) -> dict[str, Any]:
    rows = [
        (slot, firm, other, times_of(kind, slot, firm, other, clock)) for slot in slots for firm, other in sorted(hours)
    ]
    moments = ("counts_from", "stands_until", "report_by", "portal_at")
    return {
        "jurisdictions": [slot.place.jurisdiction for slot, *_rest in rows],
        "zones": [slot.place.name for slot, *_rest in rows],
        "plans": [slot.plan.number for slot, *_rest in rows],
        "due_on": [slot.at.due_on for slot, *_rest in rows],
        "stages": [slot.at.stage for slot, *_rest in rows],
        "hours": [firm for _slot, firm, _other, _times in rows],
        "backup_hours": [other for _slot, _firm, other, _times in rows],
        "needs_proof": [times.needs_proof for *_rest, times in rows],
        **{name: [getattr(times, name) for *_rest, times in rows] for name in moments},
    }
