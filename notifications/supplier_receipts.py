"""What receipts say of a provider: those of one that takes messages stay away, or say that nothing arrives."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import connection

from notifications.channels.registry import PROVIDERS, reports_delivery, suppliers_for
from notifications.clock import Clock
from notifications.ladder import RECEIPT_WITHIN
from notifications.models import Supplier
from notifications.suppliers import ENOUGH, JUDGED_BY_FAILURES, SLOW, UNDELIVERED, clear, forget, pause

REPORTS_WITHIN: Final[dict[str, timedelta]] = {channel: within / 6 for channel, within in RECEIPT_WITHIN.items()}
"""By channel, within what time most receipts come: ten minutes for a text message. Before it is over the silence of a
provider says nothing; each of them has longer before it counts as unconfirmed.
"""
LOOK_BACK: Final = timedelta(minutes=30)
LOOKED_AT: Final = 1_000
"""So many messages of a provider say enough about it."""
# Of the addresses for which a provider has taken something lately, or since its last pause, and had time to report: how
# many, how many have brought no receipt, and how many only such that say that nothing arrived, though nothing is wrong
# with the address. One address counts once: it may be wrong on purpose, and have many messages.
_HEARD: Final = """
SELECT watched.name, count(told.address), count(told.address) FILTER (WHERE NOT told.reported),
       count(told.address) FILTER (WHERE told.failed)
FROM unnest(%(names)s::text[], %(until)s::timestamptz[]) AS watched (name, until)
LEFT JOIN notifications_supplier AS supplier ON supplier.name = watched.name
LEFT JOIN LATERAL (
    SELECT address, bool_or(status IN ('delivered', 'failed') OR EXISTS (
               SELECT FROM notifications_receipt AS receipt
               WHERE receipt.delivery_id = lately.id OFFSET 0)) AS reported,
           bool_and(status = 'failed' AND NOT EXISTS (
               SELECT FROM accounts_contactpoint AS point
               WHERE point.id = lately.contact_point_id AND point.unreachable_since IS NOT NULL OFFSET 0)) AS failed
    FROM (SELECT id, address, status, contact_point_id FROM notifications_delivery
          WHERE provider = watched.name AND status IN ('sent', 'delivered', 'unconfirmed', 'failed')
            AND sent_at BETWEEN GREATEST(watched.until - %(look_back)s, supplier.paused_until) AND watched.until
          LIMIT %(looked_at)s) AS lately
    GROUP BY address) AS told ON TRUE
GROUP BY watched.name ORDER BY watched.name
"""


def pass_over_slow(clock: Clock) -> list[str]:
    """Pass over providers whose receipts stay away, where their channel has more than one, or say that most of what
    they take does not arrive; and clear those of which better is heard, or of which nothing can be heard any more: that
    are alone by now, bring no receipts by their nature, serve nobody, or were not asked for long. Returns the names of
    the first.
    """
    serving = {channel: suppliers_for(channel) for channel in {provider.channel for provider in PROVIDERS.values()}}
    watched = {channel: [name for name in names if reports_delivery(name)] for channel, names in serving.items()}
    several = {name for channel, names in watched.items() if len(serving[channel]) > 1 for name in names}
    may_fail = {name for channel in JUDGED_BY_FAILURES for name in watched[channel]}
    _clear_idle(several, may_fail, {name for names in serving.values() for name in names}, clock)
    passed_over = []
    asked = {channel: [name for name in names if name in several | may_fail] for channel, names in watched.items()}
    for name, told, silent, failed in _heard(asked, clock):
        if told >= ENOUGH and failed * 2 > told and name in may_fail:
            why = UNDELIVERED
        elif told >= ENOUGH and silent * 2 > told and name in several:
            why = SLOW
        else:
            if (silent + failed) * 2 < told:
                clear(name, now=clock.now, heard=True)
            continue
        passed_over.append(name)
        pause(name, why=why, now=clock.now)
    return passed_over


def _clear_idle(several: Collection[str], may_fail: Collection[str], serving: Collection[str], clock: Clock) -> None:
    """Of what is long over nothing can be said: who has another beside them is asked again, and found out again. Who
    serves nobody any more is nobody's alarm.
    """
    over = clock.now - LOOK_BACK - max(REPORTS_WITHIN.values()) * clock.pace
    forget(Supplier.objects.filter(why=SLOW).exclude(name__in=several, paused_until__gt=over), clock.now)
    forget(Supplier.objects.filter(why=UNDELIVERED).exclude(name__in=may_fail, paused_until__gt=over), clock.now)
    forget(Supplier.objects.exclude(name__in=serving), clock.now)


def _heard(watched: Mapping[str, Sequence[str]], clock: Clock) -> list[tuple[str, int, int, int]]:
    """For each provider of these channels how many have been told by it, of how many of them nothing was heard, and of
    how many only that they were not reached.
    """
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
