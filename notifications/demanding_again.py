"""Tells once more what a dispute had taken back, where it was rejected and no later stage of the plan will tell it."""

from datetime import time, timedelta

from django.db.models import Q

from loans.models import Dispute, OutageHold
from notifications.clock import Clock
from notifications.last_stages import plan_again, taken_back
from notifications.timing import at_local, local_day


def demand_again(dispute_id: int, clock: Clock) -> int:
    """Plan it for the morning after the decision, as the stage of that day; returns how many prompts are new.

    Where a firm has to send what is overdue, it is its turn at once, and its hours run from that morning on. Where the
    borrower is right, in part or whole, the bank says other figures, and those are told by a stage of the plan. What
    another dispute holds waits for that one's decision, what an outage holds for its end (`demanding_after_outages`).
    """
    dispute = Dispute.objects.select_related("loan__borrower").get(pk=dispute_id)
    if dispute.decision != Dispute.Decision.REJECTED:
        return 0
    held = OutageHold.objects.in_force(clock.now).values("installment")
    about = Q(installment__loan=dispute.loan_id) & ~Q(installment__in=held)
    if dispute.installment_id is not None:
        about &= Q(installment=dispute.installment_id)
    free = [one for one in taken_back(about) if not Dispute.objects.holding([one.installment_id or 0]).exists()]
    zone = dispute.loan.borrower.zone
    tomorrow = local_day(clock.now, zone) + timedelta(days=1)
    return plan_again(free, clock, wanted=at_local(tomorrow, time.min, zone))
