"""The news that what a borrower was told of an installment is not so any more."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q

from loans.models import Installment
from notifications import calendar
from notifications.clock import Clock
from notifications.early_words import plans_for
from notifications.models import Prompt
from notifications.named import Named
from notifications.planning import plan_installments
from notifications.slots import Plan, working_days
from notifications.timing import local_day
from notifications.told_before import Told, told_of

State = Installment.State


def plan_changes(installment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the news of what a borrower was told before and is otherwise now; returns how many prompts are new.

    Of what has been withdrawn from the schedule, or waived as a whole, they are told so, of other figures which hold
    now. What falls due so soon that an ordinary prompt follows at once is left to that: it says what it takes the place
    of. Not where a part was paid and as much charged on top: that prompt would name what was told, and no change.
    """
    gone = Q(state=State.WITHDRAWN, outstanding__gt=0) | Q(state=State.SETTLED, paid=0, waived__gt=0)
    other = Q(state=State.OPEN, version__gt=1, due_on__gt=clock.now.date())
    candidates = Installment.objects.filter(gone | other, pk__in=installment_ids)
    rows = list(candidates.select_related("loan__borrower").order_by("pk"))
    last = {(told.installment_id, told.borrower_id): told for told in told_of([row.pk for row in rows])}
    told_otherwise = [
        (row, told) for row in rows if (told := last.get((row.pk, row.loan.borrower_id))) and _differs(row, told)
    ]
    return _plan_dropped([row for row, _told in told_otherwise], clock) + _plan_changed(told_otherwise, clock)


def _differs(row: Installment, told: Told) -> bool:
    """Whether what was told last is not so any more."""
    if row.is_dropped:
        return not told.withdrawn
    return told.version < row.version and not told.says(_figures(row), row.paid)


def _figures(row: Installment) -> Named:
    return Named(row.outstanding, row.due_on)


def _plan_dropped(rows: Sequence[Installment], clock: Clock) -> int:
    planned, kind = 0, Prompt.Kind.SCHEDULE_CHANGED
    for state in (State.WITHDRAWN, State.SETTLED):
        if ids := [row.pk for row in rows if row.state == state]:
            planned += plan_installments(kind, ids, clock, stage=Prompt.WITHDRAWN, state=state)
    return planned


def _plan_changed(told_otherwise: Sequence[tuple[Installment, Told]], clock: Clock) -> int:
    still_owed = [(row, told) for row, told in told_otherwise if row.state == State.OPEN]
    plans = plans_for(row.loan for row, _told in still_owed) if still_owed else {}
    changed = [
        row.pk for row, told in still_owed
        if told.names(_figures(row)) or not _follows_at_once(row, plans[row.loan_id], clock)
    ]  # fmt: skip
    return plan_installments(Prompt.Kind.SCHEDULE_CHANGED, changed, clock) if changed else 0


def _follows_at_once(installment: Installment, plan: Plan, clock: Clock) -> bool:
    """Whether its first ordinary prompt is planned by the borrower's tomorrow, by the leads of its own loan."""
    borrower = installment.loan.borrower
    opens = calendar.opens_on(
        installment.due_on, max(plan.leads), plan.leads, working_days(borrower.jurisdiction, borrower.zone)
    )
    return opens <= local_day(clock.now, borrower.zone) + timedelta(days=1)
