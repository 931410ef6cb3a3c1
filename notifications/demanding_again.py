"""Tells once more what a dispute had taken back, where it was rejected and no later stage of the plan will tell it."""

from collections.abc import Iterator
from datetime import date, time, timedelta

from django.db.models import F, Q

from loans.models import Dispute, Installment
from notifications.calendar import OVERDUE_WINDOW
from notifications.clock import Clock
from notifications.early_words import plans_for
from notifications.models import Prompt
from notifications.named import named_by_what_arrived
from notifications.planning import plan_installments
from notifications.timing import at_local, lawful_moment, local_day

KIND = Prompt.Kind.OVERDUE


def demand_again(dispute_id: int, clock: Clock) -> int:
    """Plan it for the morning after the decision, as the stage of that day; returns how many prompts are new.

    Where the borrower is right, in part or whole, the bank says other figures, and those are told by a stage of the
    plan. What another dispute holds waits for that one's decision.
    """
    dispute = Dispute.objects.select_related("loan__borrower").get(pk=dispute_id)
    if dispute.decision != Dispute.Decision.REJECTED:
        return 0
    borrower = dispute.loan.borrower
    tomorrow = local_day(clock.now, borrower.zone) + timedelta(days=1)
    midnight = at_local(tomorrow, time.min, borrower.zone)
    hours, _rule = clock.hours_for(borrower.jurisdiction, KIND, borrower.zone)
    moment = lawful_moment(midnight, now=clock.now, zone=borrower.zone, hours=hours).at
    by_stage: dict[int, list[int]] = {}
    for installment_id, stage in _taken_back(dispute, tomorrow):
        by_stage.setdefault(stage, []).append(installment_id)
    return sum(plan_installments(KIND, ids, clock, stage=stage, moment=moment) for stage, ids in by_stage.items())


def _taken_back(dispute: Dispute, day: date) -> Iterator[tuple[int, int]]:
    """Of what it was about, those whose latest stage is the last of their plan and told nobody, with the days since
    their due date on `day`.
    """
    last = max(plans_for([dispute.loan])[dispute.loan_id].stages)
    about = Q(installment__loan=dispute.loan_id)
    if dispute.installment_id is not None:
        about &= Q(installment=dispute.installment_id)
    owed = Q(installment__state=Installment.State.OPEN, installment__version=F("version"))
    planned = Prompt.objects.filter(about & owed, kind=KIND).select_related("installment")
    for prompt in planned.order_by("installment_id", "-stage").distinct("installment_id"):
        if prompt.installment is None or prompt.voided_at is None or prompt.stage < last or _arrived(prompt):
            continue
        # One that was planned for that day before, and taken back by another dispute, has its place.
        days = max((day - prompt.installment.due_on).days, prompt.stage + 1)
        if days <= OVERDUE_WINDOW and not Dispute.objects.holding([prompt.installment.pk]).exists():
            yield prompt.installment.pk, days


def _arrived(prompt: Prompt) -> bool:
    """Whether a message that names it did, though it had not been answered when the dispute took it back."""
    leading = prompt.told_with_id or prompt.pk
    return (leading, prompt.installment_id) in named_by_what_arrived([leading])
