"""From what is owed to what must be told: prompts and their first deliveries, written as sets (`planning_writes`).

What the calendar brings is planned by `planning_calendar`, what happened to an installment, payment or dispute at once;
what changed of a schedule by `planning_changes`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from loans.models import Installment
from notifications import planning_statements
from notifications.clock import Clock
from notifications.halting import unread_firms
from notifications.models import Prompt
from notifications.planning_calendar import plan_calendar
from notifications.planning_writes import write
from notifications.returned_deadlines import deadlines_of
from notifications.slots import Slot

Kind = Prompt.Kind


def _nobody_waits() -> None: ...


def plan_upcoming(clock: Clock, written: Callable[[], None] = _nobody_waits) -> int:
    """Plan what falls due within the longest lead; returns how many prompts are new.

    `written` is called as soon as some of them are there for the senders, and again with more.
    """
    return plan_calendar(Kind.UPCOMING, planning_statements.INSTALLMENTS, clock, written)


def plan_overdue(clock: Clock, written: Callable[[], None] = _nobody_waits) -> int:
    """Plan what is overdue, not on its way to the bank, not disputed, touched by no outage and not in doubt, and of
    whose firms nothing lies unapplied; returns how many prompts are new. `written` is called as above.
    """
    held = planning_statements.UNDISPUTED + planning_statements.UNHELD + planning_statements.UNDOUBTED
    if unread_firms():
        held += planning_statements.APPLIED
    return plan_calendar(Kind.OVERDUE, planning_statements.INSTALLMENTS + held, clock, written)


def plan_installments(
    kind: Prompt.Kind,
    installment_ids: Sequence[int],
    clock: Clock,
    *,
    stage: int = 0,
    moment: datetime | None = None,
    held_by: str = "",
    state: Installment.State = Installment.State.OPEN,
) -> int:
    """Plan one kind of prompt about those of these installments that are in `state`, once a version; returns how many
    are new.

    They are told at once or from `moment` on, UTC, to which the rule `held_by` has put them off.
    """
    parameters = {"ids": list(installment_ids), "stage": stage, "moment": moment or clock.now, "held_by": held_by}
    parameters["state"] = str(state)
    return write(kind, planning_statements.THESE, clock, parameters)


def plan_stage(kind: Prompt.Kind, installment_ids: Sequence[int], slot: Slot, clock: Clock) -> int:
    """Plan the stage of `slot` about those of these installments that are open, once a version, also where the calendar
    has not reached it; returns how many are new. They fall due on its day, under its plan, with borrowers at its place.

    Where a rule says so, a firm has to send it, and has its time from the moment of the slot on.
    """
    at = slot.at
    parameters = {"ids": list(installment_ids), "stage": at.stage, "moment": at.moment, "deadline": at.deadline}
    parameters |= {"held_by": slot.held_by, "state": "open", "plan": slot.plan.number}
    return write(kind, planning_statements.THESE_OF_A_SLOT, clock, parameters, [slot])


def plan_outage(outage_id: int, installment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the news of an outage that is not over about those of these installments that are open and whose borrower
    has not heard of another one that touches them, too; returns how many prompts are new.
    """
    parameters = {"ids": list(installment_ids), "stage": outage_id, "moment": clock.now, "held_by": "", "state": "open"}
    return write(Kind.OUTAGE_DECLARED, planning_statements.THESE + planning_statements.UNHEARD, clock, parameters)


def plan_payments(kind: Prompt.Kind, payment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the news of these payments, once each, as far as they are so; returns how many prompts are new."""
    ends = deadlines_of(payment_ids, clock) if kind == Kind.PAYMENT_RETURNED else {}
    parameters = {"ids": list(payment_ids), "moment": clock.now, "returned": list(ends), "deadlines": [*ends.values()]}
    return write(kind, planning_statements.PAYMENTS, clock, parameters)


def plan_dispute_step(kind: Prompt.Kind, dispute_id: int, stage: int, clock: Clock) -> int:
    """Plan the news of one step of a dispute; returns 1 if it is new."""
    parameters = {"dispute_id": dispute_id, "stage": stage, "moment": clock.now}
    return write(kind, planning_statements.DISPUTE, clock, parameters)
