"""Which of a channel's providers is asked, and which is passed over because it fails or is slow.

A provider that does not take what it is given is passed over for a minute, then two, four and so on up to a quarter of
an hour; after each pause it is tried again, and the first batch that it takes clears it. So is one that did not take
a few people in a row, in whichever runs, though each had too few to say anything. One that takes messages and
brings no receipts, mostly such that say that nothing arrived, or none of what arrived any more, is passed over for
longer, since it takes longer to be found out, and cleared when receipts of what arrived come again. Where all of a
channel's providers are passed over, the one whose pause ends first is asked: trying is better than waiting.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet

from notifications.channels.base import Outcome, Result
from notifications.channels.registry import suppliers_for
from notifications.models import Alarm, Supplier

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(minutes=15)
FIRST_SLOW_PAUSE: Final = timedelta(minutes=15)
LONGEST_SLOW_PAUSE: Final = timedelta(hours=4)
ENOUGH: Final = 10
"""Fewer outcomes than this say nothing about a provider where most of them decide."""
FEW: Final = 3
"""So many people in a row say it, where not one was taken between them. Two may be chance, or have one carrier that is
away; who is wrong about three asks another provider for a minute, and knows by the next message that is taken."""
WITHIN: Final = timedelta(hours=1)
"""How long one of them counts: three in a quiet evening are a row, three on three days are not."""
SLOW: Final = "takes messages, and most bring no receipt in time"
UNDELIVERED: Final = "takes messages, and most are reported as not delivered"
NONE_ARRIVE: Final = "takes messages, and no longer says of most that they arrive"
BY_SILENCE: Final = (SLOW, NONE_ARRIVE)
BY_RECEIPTS: Final = (*BY_SILENCE, UNDELIVERED)
"""What is found out by receipts or their absence, and so not cleared by taking more messages."""
REMEMBERED: Final = timedelta(days=7)
"""How long a provider is expected to say what arrived, as it did: over a weekend, and not for good."""
NOTED_EVERY: Final = timedelta(hours=1)
FAILS: Final = "does not take messages: "
"""Before the reason that it gave."""

JUDGED_BY_FAILURES: Final = ("email", "sms")
"""Where most of what is sent arrives unless the provider fails: of calls most may go unanswered, and of devices many
are given up.
"""
_NOT_TAKEN: Final = frozenset({Result.TEMPORARY, Result.UNKNOWN})
"""Not PERMANENT: that a number is refused for good is an answer of a provider that works."""


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


def fails(outcomes: Collection[Outcome], *, channel: str) -> bool:
    """Most of these were not taken on `channel`, be it for good and no fault of the address: the provider, and not the
    messages, is at fault.
    """
    turned_away = [
        not_taken(outcome) or (channel in JUDGED_BY_FAILURES and _refused_for_good(outcome, channel))
        for outcome in outcomes
    ]
    return len(outcomes) >= ENOUGH and sum(turned_away) * 2 > len(outcomes)


def _refused_for_good(outcome: Outcome, channel: str) -> bool:
    """A mail firm says of an address that complained what it says of a sender that it does not trust; a list of those
    who told us to stop by text message holds nobody else.
    """
    excused = outcome.address_fault or not outcome.asked or (outcome.opted_out and channel == "sms")
    return outcome.result is Result.PERMANENT and not excused


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
    """Pass the provider over, twice as long as the last time; an alarm is open meanwhile, and says why it is now."""
    with transaction.atomic():
        Supplier.objects.get_or_create(name=name, defaults={"changed_at": now})
        supplier = Supplier.objects.select_for_update().get(name=name)
        if supplier.paused_until and supplier.paused_until > now:
            return
        first, longest = (FIRST_SLOW_PAUSE, LONGEST_SLOW_PAUSE) if why in BY_RECEIPTS else (FIRST_PAUSE, LONGEST_PAUSE)
        length = min(first * 2 ** min(supplier.strikes, 10), longest)
        Supplier.objects.filter(pk=supplier.pk).update(
            paused_until=now + length, strikes=F("strikes") + 1, why=why[:200], changed_at=now
        )
        said = {"detail": f"{name} {why}"[:300]}
        Alarm.objects.update_or_create(
            kind=Alarm.Kind.PROVIDER,
            subject=f"provider:{name}",
            closed_at=None,
            defaults=said,
            create_defaults={**said, "opened_at": now},
        )


def clear(name: str, *, now: datetime, heard: bool = False) -> None:
    """The provider works again: it takes messages or, where receipts have told against it, is `heard` of well again."""
    if not heard:
        Supplier.objects.filter(name=name).exclude(not_taken={}).update(not_taken={})
    away = Supplier.objects.filter(name=name)
    forget(away.filter(why__in=BY_RECEIPTS) if heard else away.exclude(why__in=BY_RECEIPTS), now)


def says_what_arrives(arrivals_at: datetime | None, *, now: datetime) -> bool:
    """Whether a provider that said so last at `arrivals_at` is expected to say what arrives."""
    return arrivals_at is not None and arrivals_at > now - REMEMBERED


def note_arrivals(name: str, arrivals_at: datetime | None, *, now: datetime) -> None:
    """The provider says of most that they arrived, as it last did at `arrivals_at`; written once an hour."""
    if arrivals_at is None or arrivals_at <= now - NOTED_EVERY:
        said = {"arrivals_at": now}
        Supplier.objects.update_or_create(name=name, defaults=said, create_defaults={**said, "changed_at": now})


def forget(suppliers: QuerySet[Supplier], now: datetime) -> None:
    """Whatever was held against these; their alarms are closed."""
    names = list(suppliers.filter(strikes__gt=0).values_list("name", flat=True))
    if suppliers.filter(strikes__gt=0).update(paused_until=None, strikes=0, why="", changed_at=now):
        subjects = [f"provider:{name}" for name in names]
        Alarm.objects.open().filter(kind=Alarm.Kind.PROVIDER, subject__in=subjects).update(closed_at=now)
