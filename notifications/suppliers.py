"""Which of a channel's providers is asked, and which is passed over because it fails or is slow.

A provider that does not take what it is given is passed over for a minute, then two, four and so on up to a quarter of
an hour; after each pause it is tried again, and the first batch that it takes clears it. Where all of a channel's
providers are passed over, the one whose pause ends first is asked: trying is better than waiting.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import F

from notifications.channels.base import Outcome, Result
from notifications.channels.registry import PROVIDERS, suppliers_for
from notifications.models import Alarm, Supplier

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(minutes=15)
ENOUGH: Final = 10
"""Fewer outcomes than this say nothing about a provider."""
LOOK_BACK: Final = timedelta(minutes=30)
SLOW: Final = "takes messages, and most bring no receipt in time"
FAILS: Final = "does not take messages: "
"""Before the reason that it gave."""

_NOT_TAKEN: Final = frozenset({Result.TEMPORARY, Result.UNKNOWN})
# A provider is slow where, of the addresses for which it has taken something lately and had time to report, most have
# brought no receipt. One address counts once: it may be wrong on purpose, and have many messages.
_SLOW: Final = """
SELECT provider FROM (
    SELECT provider, bool_or(status = 'delivered') AS reported FROM notifications_delivery
    WHERE provider = ANY(%(providers)s) AND sent_at BETWEEN %(since)s AND %(now)s
      AND status IN ('delivered', 'unconfirmed')
    GROUP BY provider, address) AS told
GROUP BY provider HAVING count(*) >= %(enough)s AND count(*) FILTER (WHERE NOT reported) * 2 > count(*)
"""


def pick(channel: str, *, now: datetime) -> str | None:
    """The provider to ask now; None where the channel is off."""
    names = suppliers_for(channel)
    if len(names) < 2:
        return names[0] if names else None
    paused = dict(Supplier.objects.filter(name__in=names, paused_until__gt=now).values_list("name", "paused_until"))
    return min(names, key=lambda name: (paused.get(name) or now, names.index(name)))


def fails(outcomes: Collection[Outcome]) -> bool:
    """Most of these were not taken: the provider, and not the messages, is at fault."""
    not_taken = sum(outcome.result in _NOT_TAKEN for outcome in outcomes)
    return len(outcomes) >= ENOUGH and not_taken * 2 > len(outcomes)


def pause(name: str, *, why: str, now: datetime) -> None:
    """Pass the provider over, twice as long as the last time; an alarm is open meanwhile."""
    with transaction.atomic():
        Supplier.objects.get_or_create(name=name, defaults={"changed_at": now})
        supplier = Supplier.objects.select_for_update().get(name=name)
        if supplier.paused_until and supplier.paused_until > now:
            return
        length = min(FIRST_PAUSE * 2 ** min(supplier.strikes, 10), LONGEST_PAUSE)
        Supplier.objects.filter(pk=supplier.pk).update(
            paused_until=now + length, strikes=F("strikes") + 1, why=why[:200], changed_at=now
        )
        Alarm.objects.get_or_create(
            kind=Alarm.Kind.PROVIDER,
            subject=f"provider:{name}",
            closed_at=None,
            defaults={"detail": f"{name} {why}"[:300], "opened_at": now},
        )


def clear(name: str, *, now: datetime) -> None:
    """The provider works again."""
    if Supplier.objects.filter(name=name, strikes__gt=0).update(paused_until=None, strikes=0, why="", changed_at=now):
        Alarm.objects.open().filter(kind=Alarm.Kind.PROVIDER, subject=f"provider:{name}").update(closed_at=now)


def pass_over_slow(*, now: datetime) -> list[str]:
    """Pass over providers of channels with more than one whose receipts stay away; returns their names."""
    channels = {provider.channel for provider in PROVIDERS.values()}
    watched = [name for channel in channels if len(names := suppliers_for(channel)) > 1 for name in names]
    if not watched:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SLOW, {"providers": watched, "since": now - LOOK_BACK, "now": now, "enough": ENOUGH})
        slow = [row[0] for row in cursor.fetchall()]
    for name in slow:
        pause(name, why=SLOW, now=now)
    return slow
