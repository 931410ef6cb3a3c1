"""From what is owed to what must be told: prompts and their first deliveries, written as sets (`planning_writes`).

What the calendar brings is planned by `planning_calendar`, what happened to an installment, payment or dispute at once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from loans.models import Installment
from notifications import calendar, planning_statements
from notifications.clock import Clock
from notifications.early_words import plans_for
from notifications.models import Prompt
from notifications.planning_calendar import plan_calendar
from notifications.planning_writes import write
from notifications.returned_deadlines import deadlines_of
from notifications.slots import Plan, working_days
from notifications.timing import local_day

Kind = Prompt.Kind


def _nobody_waits() -> None: ...


def plan_upcoming(clock: Clock, written: Callable[[], None] = _nobody_waits) -> int:
    """Plan what falls due within the longest lead; returns how many prompts are new.

    `written` is called as soon as some of them are there for the senders, and again with more.
    """
    return plan_calendar(Kind.UPCOMING, planning_statements.INSTALLMENTS, clock, written)


def plan_overdue(clock: Clock, written: Callable[[], None] = _nobody_waits) -> int:
    """Plan what is overdue, not on its way to the bank, not disputed, touched by no outage and not in doubt; returns
    how many prompts are new. `written` is called as above.
    """
    held = planning_statements.UNDISPUTED + planning_statements.UNHELD + planning_statements.UNDOUBTED
    return plan_calendar(Kind.OVERDUE, planning_statements.INSTALLMENTS + held, clock, written)


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
    return write(kind, planning_statements.THESE, clock, parameters)


def plan_changes(installment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the news of changed figures that a borrower was told before; returns how many prompts are new.

    What falls due so soon that an ordinary prompt follows at once is left to that: it says what it takes the place of.
    """
    told = (
        Prompt.objects.about_installments(installment_ids)
        .filter(kind__in=Prompt.OF_FIGURES, version__lt=F("installment__version"))
        .filter(borrower=F("installment__loan__borrower"))
        .filter(Q(deliveries__sent_at__isnull=False) | Q(told_with__deliveries__sent_at__isnull=False))
    )
    rows = Installment.objects.open().filter(pk__in=told.values("installment"), due_on__gt=clock.now.date())
    rows = rows.select_related("loan__borrower").order_by("pk")
    plans = plans_for(row.loan for row in rows)
    changed = [row.pk for row in rows if not _follows_at_once(row, plans[row.loan_id], clock.now)]
    return plan_installments(Kind.SCHEDULE_CHANGED, changed, clock) if changed else 0


def _follows_at_once(installment: Installment, plan: Plan, now: datetime) -> bool:
    """Whether its first ordinary prompt is planned by the borrower's tomorrow, by the leads of its own loan."""
    borrower = installment.loan.borrower
    days = working_days(borrower.jurisdiction, borrower.zone)
    opens = calendar.opens_on(installment.due_on, max(plan.leads), plan.leads, days)
    return opens <= local_day(now, borrower.zone) + timedelta(days=1)


def plan_payments(kind: Prompt.Kind, payment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the news of these payments, once each; returns how many prompts are new."""
    ends = deadlines_of(payment_ids, clock) if kind == Kind.PAYMENT_RETURNED else {}
    parameters = {"ids": list(payment_ids), "moment": clock.now, "returned": list(ends), "deadlines": [*ends.values()]}
    return write(kind, planning_statements.PAYMENTS, clock, parameters)


def plan_dispute_step(kind: Prompt.Kind, dispute_id: int, stage: int, clock: Clock) -> int:
    """Plan the news of one step of a dispute; returns 1 if it is new."""
    parameters = {"dispute_id": dispute_id, "stage": stage, "moment": clock.now}
    return write(kind, planning_statements.DISPUTE, clock, parameters)
