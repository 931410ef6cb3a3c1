"""Providers that say nothing: a telling without a receipt in time is unconfirmed, and its ladder goes on."""

from datetime import timedelta

from notifications.clock import Clock
from notifications.ladder import RECEIPT_WITHIN
from notifications.models import Delivery
from notifications.states import Status, Step, advance

BATCH = 500


def time_out(clock: Clock) -> int:
    """Mark as unconfirmed what should have brought a receipt by now; returns how many."""
    return sum(_time_out(channel, within * clock.pace, clock) for channel, within in RECEIPT_WITHIN.items())


def _time_out(channel: str, within: timedelta, clock: Clock) -> int:
    silent = Delivery.objects.silent(channel, clock.now - within).values_list("pk", flat=True)[:BATCH]
    reason = "no receipt in time"
    steps = [Step(delivery_id=pk, to=Status.UNCONFIRMED, reason=reason) for pk in silent]
    return len(advance(steps, now=clock.now))
