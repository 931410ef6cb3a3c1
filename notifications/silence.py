"""Tellings of which no provider says anything: without a receipt in time they are unconfirmed, and their ladders go on.

Where a provider brings no receipts at all, only the reader can say that it arrived: it waits for their "I know" as long
as the rung of its channel does.
"""

from datetime import timedelta
from typing import Final

from notifications.channels.registry import PROVIDERS, reports_delivery
from notifications.clock import Clock
from notifications.ladder import LADDERS, RECEIPT_WITHIN
from notifications.models import Delivery
from notifications.models.delivery import DeliveryQuerySet
from notifications.states import Status, Step, advance

BATCH = 500
TOO_LATE: Final = "no receipt in time"
NONE_COME: Final = "its provider brings no receipts"
ANSWER_WITHIN: Final = {
    channel: max(rung.wait for ladder in LADDERS.values() for rung in ladder.rungs if rung.channel == channel)
    for channel in RECEIPT_WITHIN
}
"""By channel, how long a rung waits for its reader's own answer."""


def time_out(clock: Clock) -> int:
    """Mark as unconfirmed what should have brought a receipt, or an answer, by now; returns how many."""
    silent = [name for name in PROVIDERS if not reports_delivery(name)]
    done = 0
    for channel, within in RECEIPT_WITHIN.items():
        reported = _sent(channel, within, clock).exclude(provider__in=silent)
        done += _end(reported, TOO_LATE, clock)
    for name in silent:
        way = Delivery.Channel(PROVIDERS[name].channel)
        done += _end(_sent(way, ANSWER_WITHIN[way], clock).filter(provider=name), NONE_COME, clock)
    return done


def _sent(channel: str, within: timedelta, clock: Clock) -> DeliveryQuerySet:
    return Delivery.objects.silent(channel, clock.now - within * clock.pace)


def _end(silent: DeliveryQuerySet, reason: str, clock: Clock) -> int:
    ids = silent.values_list("pk", flat=True)[:BATCH]
    steps = [Step(delivery_id=pk, to=Status.UNCONFIRMED, reason=reason) for pk in ids]
    return len(advance(steps, now=clock.now))
