"""Which of a channel's providers is asked, and which is passed over because it fails or is slow.

A provider that does not take what it is given is passed over for a minute, then two, four and so on up to a quarter of
an hour; after each pause it is tried again, and the first batch that it takes clears it. So is one that did not take
a few people in a row, in whichever runs, though each had too few to say anything. One that takes messages and
brings no receipts is passed over for longer, since it takes longer to be found out, and cleared when receipts come
again. Where all of a channel's providers are passed over, the one whose pause ends first is asked: trying is better
than waiting.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F

from notifications.channels.base import Outcome, Result
from notifications.channels.registry import PROVIDERS, reports_delivery, suppliers_for
from notifications.clock import Clock
from notifications.ladder import RECEIPT_WITHIN
from notifications.models import Alarm, Supplier

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(minutes=15)
FIRST_SLOW_PAUSE: Final = timedelta(minutes=15)
LONGEST_SLOW_PAUSE: Final = timedelta(hours=4)
REPORTS_WITHIN: Final[dict[str, timedelta]] = {channel: within / 6 for channel, within in RECEIPT_WITHIN.items()}
"""By channel, within what time most receipts come: ten minutes for a text message. Before it is over the silence of a
provider says nothing; each of them has longer before it counts as unconfirmed.
"""
ENOUGH: Final = 10
"""Fewer outcomes than this say nothing about a provider where most of them decide."""
FEW: Final = 3
"""So many people in a row say it, where not one was taken between them. Two may be chance, or have one carrier that is
away; who is wrong about three asks another provider for a minute, and knows by the next message that is taken."""
WITHIN: Final = timedelta(hours=1)
"""How long one of them counts: three in a quiet evening are a row, three on three days are not."""
LOOK_BACK: Final = timedelta(minutes=30)
LOOKED_AT: Final = 1_000
"""So many messages of a provider say enough about it."""
SLOW: Final = "takes messages, and most bring no receipt in time"
FAILS: Final = "does not take messages: "
"""Before the reason that it gave."""

_NOT_TAKEN: Final = frozenset({Result.TEMPORARY, Result.UNKNOWN})
"""Not PERMANENT: that a number is refused for good is an answer of a provider that works."""
# Of the addresses for which a provider has taken something lately, or since its last pause, and had time to report: how
# many, and how many have brought no receipt. One address counts once: it may be wrong on purpose, and have many
# messages.
_HEARD: Final = """
SELECT watched.name, count(told.address), count(told.address) FILTER (WHERE NOT told.reported)
FROM unnest(%(names)s::text[], %(until)s::timestamptz[]) AS watched (name, until)
LEFT JOIN notifications_supplier AS supplier ON supplier.name = watched.name
LEFT JOIN LATERAL (
    SELECT address, bool_or(status IN ('delivered', 'failed') OR EXISTS (
               SELECT FROM notifications_receipt AS receipt WHERE receipt.delivery_id = lately.id OFFSET 0)) AS reported
    FROM (SELECT id, address, status FROM notifications_delivery
          WHERE provider = watched.name AND status IN ('sent', 'delivered', 'unconfirmed', 'failed')
            AND sent_at BETWEEN GREATEST(watched.until - %(look_back)s, supplier.paused_until) AND watched.until
          LIMIT %(looked_at)s) AS lately
    GROUP BY address) AS told ON TRUE
GROUP BY watched.name ORDER BY watched.name
"""


def in_turn(channel: str, *, now: datetime) -> list[str]:
    """The providers to ask now, the first one first; none where the channel is off."""
    names = suppliers_for(channel)
    if len(names) < 2:
        return list(names)
    paused = dict(Supplier.objects.filter(name__in=names, paused_until__gt=now).values_list("name", "paused_until"))
    return [name for name in names if name not in paused] or [min(names, key=lambda name: paused[name] or now)]


def pick(channel: str, *, now: datetime) -> str | None:
    """The provider to ask now; None where the channel is off."""
    return next(iter(in_turn(channel, now=now)), None)


def not_taken(outcome: Outcome) -> bool:
    """It was not taken, or nobody knows, and the message is not to blame."""
    return outcome.result in _NOT_TAKEN


def fails(outcomes: Collection[Outcome]) -> bool:
    """Most of these were not taken: the provider, and not the messages, is at fault."""
    return len(outcomes) >= ENOUGH and sum(map(not_taken, outcomes)) * 2 > len(outcomes)


def fails_in_a_row(name: str, people: Sequence[int], *, now: datetime) -> bool:
    """Note that the provider took nothing of what these people were to be told, and nothing else meanwhile; returns
    whether that, with what was noted by others since it last took something, is enough. On trial after a pause
    anything is.
    """
    Supplier.objects.get_or_create(name=name, defaults={"changed_at": now})
    with transaction.atomic():
        supplier = Supplier.objects.select_for_update().get(name=name)
        since = (now - WITHIN).timestamp()
        row = {person: at for person, at in supplier.not_taken.items() if at > since}
        row |= {str(person): now.timestamp() for person in people}
        latest = sorted(row, key=row.__getitem__)[-ENOUGH:]
        Supplier.objects.filter(pk=supplier.pk).update(not_taken={person: row[person] for person in latest})
    return len(row) >= FEW or (supplier.strikes > 0 and supplier.why.startswith(FAILS))


def pause(name: str, *, why: str, now: datetime) -> None:
    """Pass the provider over, twice as long as the last time; an alarm is open meanwhile."""
    with transaction.atomic():
        Supplier.objects.get_or_create(name=name, defaults={"changed_at": now})
        supplier = Supplier.objects.select_for_update().get(name=name)
        if supplier.paused_until and supplier.paused_until > now:
            return
        first, longest = (FIRST_SLOW_PAUSE, LONGEST_SLOW_PAUSE) if why == SLOW else (FIRST_PAUSE, LONGEST_PAUSE)
        length = min(first * 2 ** min(supplier.strikes, 10), longest)
        Supplier.objects.filter(pk=supplier.pk).update(
            paused_until=now + length, strikes=F("strikes") + 1, why=why[:200], changed_at=now
        )
        Alarm.objects.get_or_create(
            kind=Alarm.Kind.PROVIDER,
            subject=f"provider:{name}",
            closed_at=None,
            defaults={"detail": f"{name} {why}"[:300], "opened_at": now},
        )


def clear(name: str, *, now: datetime, heard: bool = False) -> None:
    """The provider works again: it takes messages or, where it is passed over for its silence, is `heard` again."""
    if not heard:
        Supplier.objects.filter(name=name).exclude(not_taken={}).update(not_taken={})
    away = Supplier.objects.filter(name=name, strikes__gt=0)
    cleared = away.filter(why=SLOW) if heard else away.exclude(why=SLOW)
    if cleared.update(paused_until=None, strikes=0, why="", changed_at=now):
        Alarm.objects.open().filter(kind=Alarm.Kind.PROVIDER, subject=f"provider:{name}").update(closed_at=now)


def pass_over_slow(clock: Clock) -> list[str]:
    """Pass over providers of channels with more than one whose receipts stay away, and clear those whose receipts come
    again, that are alone by now, that bring none by their nature, or that nobody has asked anything for long; returns
    the names of the first.
    """
    channels = {provider.channel for provider in PROVIDERS.values()}
    several = {
        channel: [name for name in names if reports_delivery(name)]
        for channel in channels
        if len(names := suppliers_for(channel)) > 1
    }
    slow = []
    _clear_idle({name for names in several.values() for name in names}, clock)
    for name, told, silent in _heard(several, clock) if several else ():
        if told >= ENOUGH and silent * 2 > told:
            slow.append(name)
            pause(name, why=SLOW, now=clock.now)
        elif silent * 2 < told:
            clear(name, now=clock.now, heard=True)
    return slow


def _clear_idle(watched: Collection[str], clock: Clock) -> None:
    """Of what is long over nothing can be said: who has another beside them is asked again, and found out again."""
    over = clock.now - LOOK_BACK - max(REPORTS_WITHIN.values()) * clock.pace
    idle = Supplier.objects.filter(why=SLOW).exclude(name__in=watched, paused_until__gt=over)
    for name in idle.values_list("name", flat=True):
        clear(name, now=clock.now, heard=True)


def _heard(watched: Mapping[str, Sequence[str]], clock: Clock) -> list[tuple[str, int, int]]:
    """For each provider of these channels how many have been told by it, and of how many of them nothing was heard."""
    until = {name: clock.now - REPORTS_WITHIN[channel] * clock.pace for channel in watched for name in watched[channel]}
    parameters: dict[str, Any] = {
        "names": list(until),
        "until": list(until.values()),
        "look_back": LOOK_BACK,
        "looked_at": LOOKED_AT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, parameters)
        return list(cursor.fetchall())
