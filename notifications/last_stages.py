"""Last stages of their plans that were taken back before they told anybody: no later one tells them, so that they are
planned once more as the stage of another day, also for a firm that has to send it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Exists, F, OuterRef, Q

from loans.models import Installment
from notifications import calendar
from notifications.clock import Clock
from notifications.early_words import plans_for
from notifications.firm_words import await_words, told_by_words
from notifications.models import AgentTask, Prompt
from notifications.named import named_by_what_arrived
from notifications.planning import plan_stage
from notifications.slots import Place, Plan, Slot
from notifications.timing import lawful_moment, local_day

KIND: Final = Prompt.Kind.OVERDUE


def taken_back(about: Q) -> list[Prompt]:
    """Of the installments that `about` says of their prompts, and that are owed: the latest stage, where it is the last
    of its plan, void, and neither we nor a firm told anybody. With their borrowers; four queries. Run it before any
    prompt is locked: a firm's word that it had told it may be on its way into the books, and is waited for.
    """
    await_words()
    staged = Prompt.objects.filter(kind=KIND, payment=None, dispute=None)
    later = staged.filter(installment=OuterRef("installment"), version=OuterRef("version"), stage__gt=OuterRef("stage"))
    owed = Q(installment__state=Installment.State.OPEN, installment__version=F("version"))
    spoken = AgentTask.objects.filter(installment=OuterRef("installment"), version=OuterRef("version"))
    spoken = spoken.filter(kind="untold", outcome="told", done_at__gte=OuterRef("planned_at"))
    void = Q(voided_at__isnull=False, acknowledgement=None) & ~Exists(later) & ~Exists(spoken)
    rows = staged.filter(about & owed & void).select_related("installment__loan__borrower").order_by("installment_id")
    prompts = list(rows)
    plans = plans_for([prompt.loan for prompt in prompts])
    last = [prompt for prompt in prompts if prompt.stage >= max(plans[prompt.loan.pk].stages)]
    told = told_by_words([prompt.pk for prompt in last])
    # Though it had not been answered when it was taken back.
    arrived = named_by_what_arrived({_leads(prompt) for prompt in last})
    return [one for one in last if one.pk not in told and (_leads(one), one.installment_id) not in arrived]


def plan_again(prompts: Iterable[Prompt], clock: Clock, *, wanted: datetime) -> int:
    """Plan each at the first lawful moment from `wanted` (UTC) on, as the stage of that day where the borrower is,
    unless it is no news by then; returns how many are new. A statement or two a slot.
    """
    again = [(prompt, prompt.installment) for prompt in prompts if prompt.installment]
    plans = plans_for([prompt.loan for prompt, _row in again])
    by_slot: dict[Slot, list[int]] = {}
    for prompt, row in again:
        slot = _slot(prompt, row, plans[row.loan_id], clock, wanted)
        if slot.at.stage <= calendar.OVERDUE_WINDOW:
            by_slot.setdefault(slot, []).append(row.pk)
    return sum(plan_stage(KIND, ids, slot, clock) for slot, ids in by_slot.items())


def _slot(prompt: Prompt, row: Installment, plan: Plan, clock: Clock, wanted: datetime) -> Slot:
    """Where and when it is told again, and as what."""
    borrower = prompt.loan.borrower
    place = Place(borrower.jurisdiction, borrower.time_zone, borrower.zone)
    hours, rule = clock.hours_for(place.jurisdiction, KIND, place.zone)
    moment = lawful_moment(wanted, now=clock.now, zone=place.zone, hours=hours).at
    # One that was planned for that day before, and taken back as well, has its place.
    stage = max((local_day(moment, place.zone) - row.due_on).days, prompt.stage + 1)
    at = calendar.Slot(place.name, row.due_on, stage, moment, calendar.overdue_deadline(moment, place.zone))
    return Slot(place, plan, at, rule if moment > clock.now >= wanted else "")


def _leads(prompt: Prompt) -> int:
    return prompt.told_with_id or prompt.pk
