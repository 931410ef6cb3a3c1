"""Tells once more what an outage had taken back, where its hold is over and no later stage of the plan will tell it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from loans.models import Dispute, Installment, Outage, OutageHold
from notifications.calendar import OVERDUE_WINDOW
from notifications.clock import Clock
from notifications.last_stages import plan_again, taken_back
from notifications.models import Prompt
from notifications.slots import plans_of_leads

_PIECE: Final = 20_000
"""Installments that are looked up by one statement."""


def demand_after_outages(clock: Clock, written: Callable[[], None]) -> int:
    """Plan it for the first lawful moment, as the stage of that day; returns how many prompts are new. Each outage is
    looked at once, some minutes after its hold. `written` is called once new ones are there for others.

    What another outage holds waits for the end of that one's hold, what is disputed for the decision, which tells it
    itself. What is in doubt, or of firms of which something lies unapplied, waits with those who claim it.
    """
    lifted = list(Outage.objects.lifted(clock.now).order_by("pk").values_list("pk", flat=True))
    return sum(_demand_after(pk, clock, written) for pk in lifted)


@transaction.atomic
def _demand_after(outage_id: int, clock: Clock, written: Callable[[], None]) -> int:
    """Nothing where somebody is at it: around midnight, two would plan two stages."""
    lifted = Outage.objects.lifted(clock.now).filter(pk=outage_id)
    if not list(lifted.select_for_update(of=("self",), no_key=True, skip_locked=True)):
        return 0
    planned = plan_again(_freed(outage_id, clock.now), clock, wanted=clock.now)
    Outage.objects.filter(pk=outage_id).update(lifted_at=clock.now)
    if planned:
        transaction.on_commit(written, robust=True)
    return planned


def _freed(outage_id: int, now: datetime) -> Iterator[Prompt]:
    """What was taken back while this outage, or another before it, held it, and none holds any more. A dispute in which
    its borrower was right since leaves it to the figures of the bank.
    """
    holds = OutageHold.objects.filter(installment=OuterRef("installment"))
    about = Q(installment=None) | Q(installment=OuterRef("installment"))
    disputes = Dispute.objects.filter(about, loan=OuterRef("installment__loan"))
    disputed = disputes.filter(Q(decided_at=None) | ~Q(decision="rejected") & Q(decided_at__gte=OuterRef("voided_at")))
    held = Exists(holds.filter(since__lte=OuterRef("voided_at")))
    freed = Q(held, ~Exists(holds.in_force(now)), ~Exists(disputed))
    ids = _touched(outage_id, now)
    for first in range(0, len(ids), _PIECE):
        yield from taken_back(Q(installment__in=ids[first : first + _PIECE]) & freed)


def _touched(outage_id: int, now: datetime) -> list[int]:
    """The installments that it touched and that are owed, of which a last stage can be over and still be news. By any
    clock: a day more at both ends.
    """
    day, soonest = timedelta(days=1), min(max(plan.stages) for plan in plans_of_leads())
    due = now.date() - OVERDUE_WINDOW * day - day, now.date() - soonest * day + day
    owed = OutageHold.objects.filter(installment__state=Installment.State.OPEN, installment__due_on__range=due)
    return list(owed.filter(outage=outage_id).order_by("pk").values_list("installment_id", flat=True))
