"""From what is owed to what must be told: prompts and their first deliveries, written as sets.

Python turns the calendar into a few rows a time zone (`slots`); statements join them with the open installments, so the
cost of a day is that of the rows it writes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F, Q

from loans.models import Installment
from notifications import calendar, planning_statements, table_statistics
from notifications.clock import Clock
from notifications.ladder import Ladder, ladder_of
from notifications.models import Prompt
from notifications.overtaking import end_overtaken
from notifications.reach import CONTACT_KIND, channels_in_use
from notifications.slots import columns_of, slots_of

Kind = Prompt.Kind

_SORT_IN_MEMORY: Final = "SET LOCAL work_mem = '128MB'"
"""What a day's plan is grouped and joined in; it is given back with the transaction."""
_ONE_PLANNER: Final = "SELECT pg_advisory_xact_lock(hashtext('notifications.planning'), hashtext(%s))"
_READ: Final = ("accounts_user", "accounts_contactpoint", "loans_loan", "loans_installment", "loans_payment")


def plan_upcoming(clock: Clock) -> int:
    """Plan what falls due within the longest lead; returns how many prompts are new."""
    return _plan_calendar(Kind.UPCOMING, planning_statements.INSTALLMENTS, clock)


def plan_overdue(clock: Clock) -> int:
    """Plan what is overdue, not on its way to the bank, not disputed and touched by no outage; returns how many prompts
    are new.
    """
    held = planning_statements.UNDISPUTED + planning_statements.UNHELD
    return _plan_calendar(Kind.OVERDUE, planning_statements.INSTALLMENTS + held, clock)


def plan_installments(
    kind: Prompt.Kind,
    installment_ids: Sequence[int],
    clock: Clock,
    *,
    stage: int = 0,
    moment: datetime | None = None,
    held_by: str = "",
) -> int:
    """Plan one kind of prompt about these open installments, once a version; returns how many are new.

    They are told at once or from `moment` on, UTC, to which the rule `held_by` has put them off.
    """
    parameters = {"ids": list(installment_ids), "stage": stage, "moment": moment or clock.now, "held_by": held_by}
    return _plan(kind, planning_statements.THESE, clock, parameters)


def plan_changes(installment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the news of changed figures that a borrower was told before; returns how many prompts are new.

    What falls due so soon that an ordinary prompt follows at once is left to that: it says what it takes the place of.
    """
    told = (
        Prompt.objects.about_installments(installment_ids)
        .filter(
            kind__in=Prompt.OF_FIGURES,
            version__lt=F("installment__version"),
            installment__state=Installment.State.OPEN,
            installment__due_on__gt=clock.now.date() + timedelta(days=max(calendar.LEADS) + 1),
        )
        .filter(Q(deliveries__sent_at__isnull=False) | Q(told_with__deliveries__sent_at__isnull=False))
    )
    changed = sorted(set(told.values_list("installment_id", flat=True)))
    return plan_installments(Kind.SCHEDULE_CHANGED, changed, clock) if changed else 0


def plan_payments(kind: Prompt.Kind, payment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the news of these payments, once each; returns how many prompts are new."""
    return _plan(kind, planning_statements.PAYMENTS, clock, {"ids": list(payment_ids), "moment": clock.now})


def plan_dispute_step(kind: Prompt.Kind, dispute_id: int, stage: int, clock: Clock) -> int:
    """Plan the news of one step of a dispute; returns 1 if it is new."""
    parameters = {"dispute_id": dispute_id, "stage": stage, "moment": clock.now}
    return _plan(kind, planning_statements.DISPUTE, clock, parameters)


def _plan_calendar(kind: Prompt.Kind, source: str, clock: Clock) -> int:
    """One planner at a time for a kind, so that what is planned is new and nothing has to be tried twice."""
    slots = slots_of(kind, clock)
    if any(slot.plan.number for slot in slots):
        source += planning_statements.WITH_PLANS
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ONE_PLANNER, [kind])
        cursor.execute(_SORT_IN_MEMORY)
        planned = _plan(kind, source, clock, columns_of(slots), alone=True)
        if planned:
            table_statistics.refresh(["notifications_prompt"])
            end_overtaken(kind, slots, now=clock.now)
    return planned


def _plan(kind: Prompt.Kind, source: str, clock: Clock, parameters: dict[str, Any], *, alone: bool = False) -> int:
    """Write the prompts, their first deliveries and the events; `planning_prompt` holds them until the commit.

    `alone`: nobody else plans the same at this time.
    """
    table_statistics.refresh(_READ)
    everything = {"kind": kind, "now": clock.now, **parameters, **_ladder_columns(ladder_of(kind), clock)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(planning_statements.COLLECT.format(source=source), everything)
        cursor.execute(planning_statements.COUNT)
        planned = int(cursor.fetchone()[0])
        if not planned:
            return 0
        cursor.execute(planning_statements.NUMBER, everything)
        if alone:
            cursor.execute(planning_statements.PROMPTS_ALONE, everything)
        else:
            cursor.execute(planning_statements.PROMPTS, everything)
            ids = [row[0] for row in cursor.fetchall()]
            planned = len(ids)
            cursor.execute(planning_statements.KEEP, {"ids": ids})
        cursor.execute(planning_statements.DELIVERIES, everything)
        cursor.execute(planning_statements.EVENTS, everything)
    return planned


def _ladder_columns(ladder: Ladder, clock: Clock) -> dict[str, Any]:
    """The rungs whose channel is in use here, by their numbers on the ladder."""
    in_use = channels_in_use()
    rungs = [(number, rung) for number, rung in enumerate(ladder.rungs) if rung.channel in in_use]
    return {
        "rungs": [number for number, _rung in rungs],
        "channels": [rung.channel.value for _number, rung in rungs],
        "contact_kinds": [CONTACT_KIND[rung.channel] for _number, rung in rungs],
        "waits": [rung.wait * clock.pace for _number, rung in rungs],
        "beyond": len(ladder.rungs),
    }
