"""Plans what the calendar brings, by one planner at a time, and a large day in portions.

Python turns the calendar into a few rows a time zone (`slots`); statements join them with the open installments, so the
cost of a day is that of the rows it writes, and that of a minute that brings nothing is one look. Each portion is there
for the senders at its own commit: the first of a million people need not wait for the last.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from notifications import duties, planning_look, planning_statements, table_statistics
from notifications.clock import Clock
from notifications.days_reached import columns_of_days
from notifications.missed import record_missed
from notifications.models import Prompt
from notifications.overtaking import end_overtaken, find_overtaken
from notifications.planning_told import plan_told
from notifications.planning_writes import EVERYBODY, People, number, parameters_of
from notifications.slots import Slot, columns_of, slots_of

PORTION: Final = 20_000
"""Installments that are planned in one transaction, or a few more, since people stay whole: half a second's work. Of a
large plan the first portion is a fifth of that.
"""
FEW: Final = 1000
"""Of so many it is looked up whether earlier messages wait; for more, the whole queue is looked through once."""
_ONE_PLANNER: Final = "SELECT pg_advisory_xact_lock(hashtext('notifications.planning'), hashtext(%s))"
_ONE_PLANNER_FOR_ALL: Final = "SELECT pg_try_advisory_lock(hashtext('notifications.planning'), hashtext(%s))"
_NEXT_PLANNER: Final = "SELECT pg_advisory_unlock(hashtext('notifications.planning'), hashtext(%s))"
_SORT_IN_MEMORY: Final = "SET LOCAL work_mem = '128MB'"
"""What a day's plan is grouped and joined in; it is given back with the transaction."""
_READ: Final = ("accounts_user", "accounts_contactpoint", "loans_loan", "loans_installment")


@dataclass(frozen=True, slots=True)
class Run:
    """One planning of a kind: the slots of the calendar, and the statement that finds what falls into them."""

    kind: Prompt.Kind
    source: str
    slots: Sequence[Slot]
    clock: Clock

    def parameters(self, people: People) -> dict[str, Any]:
        return {**parameters_of(self.kind, self.clock, people), **columns_of(self.kind, self.slots)}

    def days(self) -> dict[str, Any]:
        return {"kind": self.kind, **columns_of_days(self.kind, self.slots)}


class Found(NamedTuple):
    """How many installments nobody has planned anything about yet (`planning_fresh`), and how many prompts have
    messages that wait though they should not once a later stage is planned (`planning_unsent`).
    """

    fresh: int
    unsent: int


def plan_calendar(kind: Prompt.Kind, source: str, clock: Clock, written: Callable[[], None]) -> int:
    """Plan `kind`, upcoming or overdue; returns how many prompts are new.

    A large plan is written in portions, each in a transaction of its own, unless the caller has begun one. `written` is
    called once a portion that brought something new is there for others. Where somebody else plans the same kind there
    is nothing to do, and nobody waits: what that one has not looked at is found by the next run. Within a transaction
    of the caller the other one is waited for.
    """
    slots = slots_of(kind, clock)
    if any(slot.plan.number for slot in slots):
        source += planning_statements.WITH_PLANS
    run = Run(kind, source, slots, clock)
    table_statistics.refresh(_READ)
    if connection.in_atomic_block:
        return _plan_in_one(run, written)
    with _only_planner(kind) as alone:
        return _plan_in_portions(run, written) if alone else 0


def plan_alone(kind: str) -> None:
    """Nobody else plans `kind` until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_PLANNER, [kind])


def _plan_in_portions(run: Run, written: Callable[[], None]) -> int:
    planned = 0
    with transaction.atomic():
        found = _find(run)
        portions = _cut() if found.fresh > PORTION else [EVERYBODY] if found.fresh else []
    for people in portions:
        with transaction.atomic():
            planned += _plan_found(run, people, found, written)
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.CLEAR)
    return planned


def _plan_in_one(run: Run, written: Callable[[], None]) -> int:
    """All of it in the transaction of the caller."""
    plan_alone(run.kind)
    with connection.cursor() as cursor:
        found = _find(run)
        planned = _plan_found(run, EVERYBODY, found, written) if found.fresh else 0
        cursor.execute(planning_statements.CLEAR)
    return planned


@contextmanager
def _only_planner(kind: Prompt.Kind) -> Iterator[bool]:
    """Whether nobody else plans `kind`; then nobody else does meanwhile. The lock ends with the connection, if not
    before.

    A planner that waited for another would keep a worker from everything else for as long.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONE_PLANNER_FOR_ALL, [kind])
        alone = bool(cursor.fetchone()[0])
    if not alone:
        yield False
        return
    try:
        yield True
    finally:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT_PLANNER, [kind])


def _find(run: Run) -> Found:
    """Look once for the whole of a run; both tables are there until its last portion was planned."""
    days = run.days()
    usual = planning_look.FOR_THE_USUAL_PLAN if days["apart_days"] else ""
    with connection.cursor() as cursor:
        cursor.execute(_SORT_IN_MEMORY)
        cursor.execute(planning_statements.CLEAR)
        cursor.execute(planning_look.FRESH + usual, days)
        fresh = int(cursor.rowcount)
        if days["split_days"]:
            cursor.execute(planning_statements.BY_INDEX)
            cursor.execute(planning_look.FRESH_BY_PLACE.format(usual=usual), days)
            fresh += int(cursor.rowcount)
            cursor.execute(planning_statements.AS_BEFORE)
        if days["apart_plans"]:
            cursor.execute(planning_look.FRESH_APART, days)
            fresh += int(cursor.rowcount)
    return Found(fresh, _find_unsent(run, fresh) if fresh else 0)


def _find_unsent(run: Run, fresh: int) -> int:
    those = planning_statements.THOSE_OF_FRESH if fresh <= FEW else ""
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.BY_INDEX)
        cursor.execute(planning_statements.UNSENT.format(those=those), {"kind": run.kind})
        unsent = int(cursor.rowcount)
        cursor.execute(planning_statements.AS_BEFORE)
    return unsent


def _cut() -> list[People]:
    """Ranges of people, each with about a portion of what was found."""
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.IN_ORDER)
        cursor.execute(planning_statements.BOUNDS, {"portion": PORTION})
        bounds = [row[0] for row in cursor.fetchall()]
    return [People(after, upto) for after, upto in pairwise([0, *bounds])]


def _plan_found(run: Run, people: People, found: Found, written: Callable[[], None]) -> int:
    """Plan what was found about these."""
    parameters = run.parameters(people)
    with connection.cursor() as cursor:
        cursor.execute(_SORT_IN_MEMORY)
    planned = number(run.kind, run.source, run.clock, parameters, subject="loan")
    if planned:
        overtaken = find_overtaken(run.kind, run.slots, unsent=found.unsent > 0)
        record_missed(run.kind, run.slots, now=run.clock.now)
        plan_told(run.kind, run.slots, parameters)
        assigned = duties.assign(run.kind, run.slots, run.clock)
        with connection.cursor() as cursor:
            for statement in (planning_statements.PROMPTS, planning_statements.DELIVERIES, planning_statements.EVENTS):
                cursor.execute(statement, parameters)
        if assigned:
            duties.write_duties(now=run.clock.now)
        end_overtaken(overtaken, now=run.clock.now)
        table_statistics.refresh(["notifications_prompt"], target=table_statistics.ROUGHLY)
        transaction.on_commit(written, robust=True)
    return planned
