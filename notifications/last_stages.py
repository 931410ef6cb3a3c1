"""Last stages of their plans that were taken back before they told anybody: no later one tells them, so that they are
planned once more as the stage of another day.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Exists, F, OuterRef, Q

from loans.models import Installment
from notifications.calendar import OVERDUE_WINDOW
from notifications.clock import Clock
from notifications.early_words import plans_for
from notifications.models import Prompt
from notifications.named import named_by_what_arrived
from notifications.planning import plan_installments
from notifications.timing import lawful_moment, local_day

KIND: Final = Prompt.Kind.OVERDUE


def taken_back(about: Q) -> list[Prompt]:
    """Of the installments that `about` says of their prompts, and that are owed: the latest stage, where it is the last
    of its plan, void, and told nobody. With their borrowers; three queries.
    """
    staged = Prompt.objects.filter(kind=KIND, payment=None, dispute=None)
    later = staged.filter(installment=OuterRef("installment"), version=OuterRef("version"), stage__gt=OuterRef("stage"))
    owed = Q(installment__state=Installment.State.OPEN, installment__version=F("version"))
    void = Q(voided_at__isnull=False, acknowledgement=None) & ~Exists(later)
    rows = staged.filter(about & owed & void).select_related("installment__loan__borrower").order_by("installment_id")
    prompts = list(rows)
    plans = plans_for([prompt.loan for prompt in prompts])
    last = [prompt for prompt in prompts if prompt.stage >= max(plans[prompt.loan.pk].stages)]
    # Though it had not been answered when it was taken back.
    arrived = named_by_what_arrived({_leads(prompt) for prompt in last})
    return [prompt for prompt in last if (_leads(prompt), prompt.installment_id) not in arrived]


def plan_again(prompts: Iterable[Prompt], clock: Clock, *, wanted: datetime) -> int:
    """Plan each at the first lawful moment from `wanted` (UTC) on, as the stage of that day where the borrower is,
    unless it is no news by then; returns how many are new. A statement or two a day and place.
    """
    by_slot: dict[tuple[int, datetime, str], list[int]] = {}
    for prompt in prompts:
        if prompt.installment is None:
            continue
        borrower = prompt.loan.borrower
        hours, rule = clock.hours_for(borrower.jurisdiction, KIND, borrower.zone)
        moment = lawful_moment(wanted, now=clock.now, zone=borrower.zone, hours=hours).at
        days = (local_day(moment, borrower.zone) - prompt.installment.due_on).days
        # One that was planned for that day before, and taken back as well, has its place.
        stage = max(days, prompt.stage + 1)
        if stage <= OVERDUE_WINDOW:
            by_slot.setdefault((stage, moment, rule if moment > wanted else ""), []).append(prompt.installment.pk)
    return sum(
        plan_installments(KIND, ids, clock, stage=stage, moment=moment, held_by=rule)
        for (stage, moment, rule), ids in by_slot.items()
    )


def _leads(prompt: Prompt) -> int:
    return prompt.told_with_id or prompt.pk
