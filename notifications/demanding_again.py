"""Tells once more what a dispute had taken back, where it was rejected and no later stage of the plan will tell it."""

from collections.abc import Iterator
from datetime import date, time, timedelta

from django.db.models import F, Q

from loans.models import Dispute, Installment
from notifications import calendar
from notifications.clock import Clock
from notifications.early_words import plans_for
from notifications.firm_words import await_words, told_by_words
from notifications.models import Prompt
from notifications.named import named_by_what_arrived
from notifications.planning import plan_stage
from notifications.slots import Place, Plan, Slot
from notifications.timing import at_local, lawful_moment, local_day

KIND = Prompt.Kind.OVERDUE


def demand_again(dispute_id: int, clock: Clock) -> int:
    """Plan it for the morning after the decision, as the stage of that day; returns how many prompts are new.

    Where a firm has to send what is overdue, it is its turn at once, and its hours run from that morning on. Where the
    borrower is right, in part or whole, the bank says other figures, and those are told by a stage of the plan. What
    another dispute holds waits for that one's decision.
    """
    dispute = Dispute.objects.select_related("loan__borrower").get(pk=dispute_id)
    if dispute.decision != Dispute.Decision.REJECTED:
        return 0
    plan = plans_for([dispute.loan])[dispute.loan_id]
    tomorrow = local_day(clock.now, dispute.loan.borrower.zone) + timedelta(days=1)
    together: dict[tuple[date, int], list[int]] = {}
    for installment, stage in _taken_back(dispute, plan, tomorrow):
        together.setdefault((installment.due_on, stage), []).append(installment.pk)
    slots = {which: _slot(dispute, plan, *which, tomorrow, clock) for which in together}
    return sum(plan_stage(KIND, ids, slots[which], clock) for which, ids in together.items())


def _slot(dispute: Dispute, plan: Plan, due_on: date, stage: int, day: date, clock: Clock) -> Slot:
    """The slot of what fell due then and is told on `day` as this stage."""
    borrower = dispute.loan.borrower
    place = Place(borrower.jurisdiction, borrower.time_zone, borrower.zone)
    hours, _rule = clock.hours_for(place.jurisdiction, KIND, place.zone)
    moment = lawful_moment(at_local(day, time.min, place.zone), now=clock.now, zone=place.zone, hours=hours).at
    at = calendar.Slot(place.name, due_on, stage, moment, calendar.overdue_deadline(moment, place.zone))
    return Slot(place, plan, at, held_by="")


def _taken_back(dispute: Dispute, plan: Plan, day: date) -> Iterator[tuple[Installment, int]]:
    """Of what it was about, those whose latest stage is the last of their plan and told nobody, with the days since
    their due date on `day`.
    """
    about = Q(installment__loan=dispute.loan_id)
    if dispute.installment_id is not None:
        about &= Q(installment=dispute.installment_id)
    owed = Q(installment__state=Installment.State.OPEN, installment__version=F("version"))
    # A firm's word that it had told it before may be on its way into the books.
    await_words()
    planned = Prompt.objects.filter(about & owed, kind=KIND).select_related("installment")
    latest = list(planned.order_by("installment_id", "-stage").distinct("installment_id"))
    told = told_by_words([prompt.pk for prompt in latest])
    for prompt in latest:
        if prompt.installment is None or prompt.voided_at is None or prompt.stage < max(plan.stages):
            continue
        if prompt.pk in told or _arrived(prompt):
            continue
        # One that was planned for that day before, and taken back by another dispute, has its place.
        days = max((day - prompt.installment.due_on).days, prompt.stage + 1)
        if days <= calendar.OVERDUE_WINDOW and not Dispute.objects.holding([prompt.installment.pk]).exists():
            yield prompt.installment, days


def _arrived(prompt: Prompt) -> bool:
    """Whether a message that names it did, though it had not been answered when the dispute took it back."""
    leading = prompt.told_with_id or prompt.pk
    return (leading, prompt.installment_id) in named_by_what_arrived([leading])
