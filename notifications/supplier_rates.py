"""How much of what each provider took has arrived, on which route, and how fast."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from django.db import connection

from accounts.phones import calling_code
from notifications.channels.registry import reports_delivery
from notifications.models import Delivery

SPAN: Final = timedelta(hours=24)
BOUNDS: Final = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
"""Within which what arrived is counted. Counts of several routes can be added up, where medians cannot, and a million
need no sorting.
"""
_PHONES: Final = (Delivery.Channel.SMS, Delivery.Channel.VOICE)
# From the moment before it was handed over, which a failed attempt begins anew. A provider's clock may be behind ours.
_RATES: Final = """
SELECT provider, channel, beginning, took, status, count(*)
FROM (
    SELECT provider, channel, status,
           CASE WHEN channel = ANY(%(phones)s) THEN left(address, 4) ELSE '' END AS beginning,
           CASE WHEN status = 'delivered' THEN
               width_bucket(extract(epoch FROM delivered_at - COALESCE(handed_at, sent_at)), %(bounds)s::numeric[])
           END AS took
    FROM notifications_delivery
    WHERE sent_at > %(since)s AND sent_at <= %(now)s AND channel <> 'in_app' AND provider <> ''
      AND status IN ('sent', 'delivered', 'unconfirmed', 'failed')) AS lately
GROUP BY provider, channel, beginning, took, status
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one provider took on one channel within `SPAN`, and what became of it so far.

    `route` is the calling code of the phones that it was for ("+86"), empty on other channels. `arrived` counts what
    arrived within each of `BOUNDS`, and last what took longer; `failed` what it said it could not bring. `says` is
    whether it says what arrives at all.
    """

    provider: str
    channel: Delivery.Channel
    route: str
    taken: int
    arrived: tuple[int, ...]
    failed: int
    says: bool

    @property
    def unheard(self) -> int:
        """Of what nobody has said whether it arrived."""
        return self.taken - sum(self.arrived) - self.failed

    @property
    def share(self) -> int:
        """What arrived, in full hundredths of what was taken."""
        return sum(self.arrived) * 100 // self.taken

    def within(self, hundredths: int) -> timedelta | None:
        """The first of `BOUNDS` within which so many of what arrived did; None where none is, or nothing arrived."""
        needed = sum(self.arrived) * hundredths / 100
        return next(
            (bound for bound, by in zip(BOUNDS, accumulate(self.arrived), strict=False) if by >= needed > 0), None
        )


def read_rates(now: datetime) -> list[Rate]:
    """By channel, provider and route, of what was taken within the last `SPAN`; one statement."""
    bounds = [bound.total_seconds() for bound in BOUNDS]
    wanted: dict[str, Any] = {"since": now - SPAN, "now": now, "phones": list(_PHONES), "bounds": bounds}
    with connection.cursor() as cursor:
        cursor.execute(_RATES, wanted)
        return _by_route(cursor.fetchall())


def _by_route(rows: Iterable[tuple[str, str, str, int | None, str, int]]) -> list[Rate]:
    counts: dict[tuple[str, str, str], Counter[int | str]] = {}
    for provider, channel, beginning, took, status, count in rows:
        of_route = counts.setdefault((channel, provider, calling_code(beginning)), Counter())
        of_route[status if took is None else took] += count
    return [_rate(*route, counts[route]) for route in sorted(counts)]


def _rate(channel: str, provider: str, route: str, counts: Counter[int | str]) -> Rate:
    return Rate(
        provider=provider,
        channel=Delivery.Channel(channel),
        route=route,
        taken=counts.total(),
        arrived=tuple(counts[place] for place in range(len(BOUNDS) + 1)),
        failed=counts[Delivery.Status.FAILED],
        says=reports_delivery(provider),
    )
