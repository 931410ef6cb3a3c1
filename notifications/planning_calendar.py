"""Plans what the calendar brings, by one planner at a time, and a large day over two connections.

Python turns the calendar into a few rows a time zone (`slots`); statements join them with the open installments, so the
cost of a day is that of the rows it writes, and that of a minute that brings nothing is one look.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from notifications import duties, firm_words, planning_statements, table_statistics
from notifications.clock import Clock
from notifications.models import Prompt
from notifications.overtaking import end_overtaken, find_overtaken, record_missed
from notifications.partner_news import tell_due_as_planned
from notifications.planning_writes import number, parameters_of
from notifications.slots import Slot, columns_of, slots_of

SHARE_FROM: Final = 20_000
"""Installments from which on two connections are faster than one."""
_ONE_PLANNER: Final = "SELECT pg_advisory_xact_lock(hashtext('notifications.planning'), hashtext(%s))"
_SORT_IN_MEMORY: Final = "SET LOCAL work_mem = '128MB'"
"""What a day's plan is grouped and joined in; it is given back with the transaction."""
_ONE_OF_TWO: Final = """
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL idle_in_transaction_session_timeout = '15min'
"""
"""The first waits for the second within its transaction, which keeps the lock."""
_READ: Final = ("accounts_user", "accounts_contactpoint", "loans_loan", "loans_installment")


@dataclass(frozen=True, slots=True)
class Run:
    """One planning of a kind: the slots of the calendar, and the statement that finds what falls into them."""

    kind: Prompt.Kind
    source: str
    slots: Sequence[Slot]
    clock: Clock

    def parameters(self, lane: int | None) -> dict[str, Any]:
        return {**parameters_of(self.kind, self.clock), **columns_of(self.kind, self.slots), "lane": lane}


def plan_calendar(kind: Prompt.Kind, source: str, clock: Clock) -> int:
    """Plan `kind`, upcoming or overdue; returns how many prompts are new.

    A large plan is written over two connections, each for its share of the borrowers and in a transaction of its own,
    unless the caller has begun one.
    """
    slots = slots_of(kind, clock)
    if any(slot.plan.number for slot in slots):
        source += planning_statements.WITH_PLANS
    run, may_share = Run(kind, source, slots, clock), not connection.in_atomic_block
    table_statistics.refresh(_READ)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ONE_PLANNER, [kind])
        fresh = _find_fresh(run)
        share = may_share and fresh >= SHARE_FROM
        planned = _plan_beside(run) if share else _plan_found(run, None) if fresh else 0
        if planned:
            table_statistics.refresh(["notifications_prompt"], target=table_statistics.ROUGHLY)
    return planned


def _find_fresh(run: Run) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SORT_IN_MEMORY)
        cursor.execute(planning_statements.CLEAR)
        cursor.execute(planning_statements.FRESH, run.parameters(None))
        return int(cursor.rowcount)


def _plan_found(run: Run, lane: int | None) -> int:
    """Plan what `_find_fresh` found, all of it or one of the two lanes."""
    parameters = run.parameters(lane)
    planned = number(run.kind, run.source, run.clock, parameters, subject="loan")
    if planned:
        overtaken = find_overtaken(run.kind, run.slots)
        assigned = duties.assign(run.kind, run.slots, run.clock)
        with connection.cursor() as cursor:
            for statement in (planning_statements.PROMPTS, planning_statements.DELIVERIES, planning_statements.EVENTS):
                cursor.execute(statement, parameters)
        if assigned:
            duties.write_duties()
            firm_words.hear_earlier(now=run.clock.now)
            tell_due_as_planned(at=run.clock.now)
        record_missed(run.kind, run.slots, now=run.clock.now)
        end_overtaken(overtaken, now=run.clock.now)
    return planned


def _plan_beside(run: Run) -> int:
    """Plan one lane here, while another connection plans the other; the lock is this one's, for both."""
    with ThreadPoolExecutor(1) as other, connection.cursor() as cursor:
        cursor.execute(_ONE_OF_TWO)
        planned = other.submit(_plan_other_lane, run)
        return _plan_found(run, 0) + planned.result()


def _plan_other_lane(run: Run) -> int:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ONE_OF_TWO)
            _find_fresh(run)
            return _plan_found(run, 1)
    finally:
        connection.close()
