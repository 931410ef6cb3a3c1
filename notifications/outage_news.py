"""The news of an outage for those whom a change kept from it: taken back with the figures that it named, or never
planned while a firm had seen the money.
"""

from collections.abc import Sequence

from django.db.models import F

from loans.models import Installment, Outage, OutageHold
from notifications.clock import Clock
from notifications.models import Prompt
from notifications.planning import plan_outage
from notifications.told_before import told_of

_KIND = Prompt.Kind.OUTAGE_DECLARED


def plan_unheard(installment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the news of an outage that is not over about those of these installments that one touches, that are owed and
    whose borrower has been told of none of them; returns how many prompts are new.
    """
    holds = OutageHold.objects.in_force(clock.now).filter(outage__in=Outage.objects.not_over(clock.now))
    owed = holds.filter(installment__in=installment_ids, installment__state=Installment.State.OPEN)
    touching = list(owed.order_by("pk").values_list("outage_id", "installment_id"))
    told = _told(installment_ids) if touching else set()
    heard = {installment_id for outage_id, installment_id in touching if (outage_id, installment_id) in told}
    unheard: dict[int, list[int]] = {}
    for outage_id, installment_id in touching:
        if installment_id not in heard:
            unheard.setdefault(outage_id, []).append(installment_id)
    return sum(plan_outage(outage_id, ids, clock) for outage_id, ids in unheard.items())


def _told(installment_ids: Sequence[int]) -> set[tuple[int, int]]:
    """Outages and installments of which who owes them now has been told, of whatever figures."""
    prompts = Prompt.objects.filter(pk__in=[told.prompt_id for told in told_of(installment_ids)], kind=_KIND)
    return set(prompts.filter(borrower=F("installment__loan__borrower")).values_list("stage", "installment"))
