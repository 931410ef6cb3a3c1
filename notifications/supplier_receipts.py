"""What receipts say of a provider: those of one that takes messages stay away, say that nothing arrives, or say no more
what does.

A gateway's own "taken" comes within a second and says nothing of the carrier behind it. Where a provider has said what
arrived, it is silent when it brings nothing else; where it never has, that is all that there is to hear.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection

from notifications.channels.registry import PROVIDERS, reports_delivery, suppliers_for
from notifications.clock import Clock
from notifications.ladder import RECEIPT_WITHIN
from notifications.models import Supplier
from notifications.outcomes import REFUSED_BY
from notifications.suppliers import (
    BY_SILENCE,
    ENOUGH,
    JUDGED_BY_FAILURES,
    NONE_ARRIVE,
    SLOW,
    UNDELIVERED,
    clear,
    forget,
    note_arrivals,
    pause,
    says_what_arrives,
)

REPORTS_WITHIN: Final[dict[str, timedelta]] = {channel: within / 6 for channel, within in RECEIPT_WITHIN.items()}
"""By channel, within what time most receipts come: ten minutes for a text message. Before it is over the silence of a
provider says nothing; each of them has longer before it counts as unconfirmed.
"""
LOOK_BACK: Final = timedelta(minutes=30)
LOOKED_AT: Final = 1_000
"""So many messages of a provider say enough about it."""
FEW: Final = 0.1
"""Where no more than this share arrives, the rest is no chance: another carrier, or somebody who was in luck."""
# Of the addresses for which a provider has taken something lately, or since its last pause, and had time to report: how
# many, how many have brought no receipt, how many none but that it is on its way, how many only such that say that
# nothing arrived, though nothing is wrong with the address, and at how many something arrived. One address counts once:
# it may be wrong on purpose, and have many messages. What another provider has refused for good says nothing either:
# who stands in is given all of that, and often nothing else. The event of it is found by its borrower.
_HEARD: Final = f"""
SELECT watched.name, count(told.address), count(told.address) FILTER (WHERE told.said IS NULL),
       count(told.address) FILTER (WHERE NOT told.said), count(told.address) FILTER (WHERE told.failed),
       count(told.address) FILTER (WHERE told.arrived), supplier.arrivals_at
FROM unnest(%(names)s::text[], %(until)s::timestamptz[]) AS watched (name, until)
LEFT JOIN notifications_supplier AS supplier ON supplier.name = watched.name
LEFT JOIN LATERAL (
    SELECT address, bool_or(CASE WHEN status IN ('delivered', 'failed') THEN true ELSE (
               SELECT bool_or(receipt.kind NOT IN ('accepted', 'delayed')) FROM notifications_receipt AS receipt
               WHERE receipt.delivery_id = lately.id) END) AS said,
           bool_or(status = 'delivered') AS arrived,
           bool_and(status = 'failed' AND NOT EXISTS (
               SELECT FROM accounts_contactpoint AS point
               WHERE point.id = lately.contact_point_id AND point.unreachable_since IS NOT NULL OFFSET 0)
               AND NOT (attempts > 1 AND EXISTS (
                   SELECT FROM notifications_noticeevent AS event
                   JOIN notifications_prompt AS prompt ON prompt.borrower_id = event.borrower_id
                   WHERE prompt.id = lately.prompt_id AND event.delivery_id = lately.id AND event.kind = 'retrying'
                     AND event.data ->> 'reason' LIKE '{REFUSED_BY}%%' OFFSET 0))) AS failed
    FROM (SELECT id, address, status, contact_point_id, prompt_id, attempts FROM notifications_delivery
          WHERE provider = watched.name AND status IN ('sent', 'delivered', 'unconfirmed', 'failed')
            AND sent_at BETWEEN GREATEST(watched.until - %(look_back)s, supplier.paused_until) AND watched.until
          LIMIT %(looked_at)s) AS lately
    GROUP BY address) AS told ON TRUE
GROUP BY watched.name, supplier.arrivals_at ORDER BY watched.name
"""  # noqa: S608 - our own words


class _Heard(NamedTuple):
    """What is heard of a provider, in people: see `_HEARD`."""

    name: str
    told: int
    silent: int
    on_its_way: int
    failed: int
    arrived: int
    arrivals_at: datetime | None

    def unheard(self, now: datetime) -> int:
        """Of how many nothing was heard that the provider would say if their message had arrived."""
        stopped = self.arrived < self.told * FEW and says_what_arrives(self.arrivals_at, now=now)
        return self.silent + self.on_its_way if stopped else self.silent


def pass_over_slow(clock: Clock) -> list[str]:
    """Pass over providers whose receipts stay away, or those of what arrived, where their channel has more than one, or
    say that most of what they take does not arrive; and clear those of which better is heard, or of which nothing can
    be heard any more: that are alone by now, bring no receipts by their nature, serve nobody, or were not asked for
    long. Returns the names of the first.
    """
    serving = {channel: suppliers_for(channel) for channel in {provider.channel for provider in PROVIDERS.values()}}
    watched = {channel: [name for name in names if reports_delivery(name)] for channel, names in serving.items()}
    several = {name for channel, names in watched.items() if len(serving[channel]) > 1 for name in names}
    may_fail = {name for channel in JUDGED_BY_FAILURES for name in watched[channel]}
    _clear_idle(several, may_fail, {name for names in serving.values() for name in names}, clock)
    passed_over = []
    asked = {channel: [name for name in names if name in several | may_fail] for channel, names in watched.items()}
    for heard in _heard(asked, clock):
        if why := _why_not(heard, heard.name in several, heard.name in may_fail, clock.now):
            passed_over.append(heard.name)
            pause(heard.name, why=why, now=clock.now)
            continue
        if (heard.unheard(clock.now) + heard.failed) * 2 < heard.told:
            clear(heard.name, now=clock.now, heard=True)
        if heard.told >= ENOUGH and heard.arrived * 2 > heard.told:
            note_arrivals(heard.name, heard.arrivals_at, now=clock.now)
    return passed_over


def _why_not(heard: _Heard, has_another: bool, may_fail: bool, now: datetime) -> str:
    """What speaks against asking it; empty where nothing does, or too few were told to say."""
    if heard.told < ENOUGH:
        return ""
    if may_fail and heard.failed * 2 > heard.told:
        return UNDELIVERED
    if not has_another or heard.unheard(now) * 2 <= heard.told:
        return ""
    return SLOW if heard.silent * 2 > heard.told else NONE_ARRIVE


def _clear_idle(several: Collection[str], may_fail: Collection[str], serving: Collection[str], clock: Clock) -> None:
    """Of what is long over nothing can be said: who has another beside them is asked again, and found out again. Who
    serves nobody any more is nobody's alarm.
    """
    over = clock.now - LOOK_BACK - max(REPORTS_WITHIN.values()) * clock.pace
    forget(Supplier.objects.filter(why__in=BY_SILENCE).exclude(name__in=several, paused_until__gt=over), clock.now)
    forget(Supplier.objects.filter(why=UNDELIVERED).exclude(name__in=may_fail, paused_until__gt=over), clock.now)
    forget(Supplier.objects.exclude(name__in=serving), clock.now)


def _heard(watched: Mapping[str, Sequence[str]], clock: Clock) -> list[_Heard]:
    """What is heard of each provider of these channels."""
    until = {name: clock.now - REPORTS_WITHIN[channel] * clock.pace for channel in watched for name in watched[channel]}
    parameters: dict[str, Any] = {
        "names": list(until),
        "until": list(until.values()),
        "look_back": LOOK_BACK,
        "looked_at": LOOKED_AT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, parameters)
        return [_Heard(*row) for row in cursor.fetchall()]
