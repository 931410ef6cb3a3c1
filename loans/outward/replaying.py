"""Sends again what was given up, or what a partner asks for once more: under the same webhook-ids."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from loans.models import OutwardDelivery

Status = OutwardDelivery.Status

# What waits or is being sent goes out anyway.
_REPLAY: Final = """
INSERT INTO loans_outwarddelivery AS delivery (event_id, endpoint_id, status, next_attempt_at)
SELECT event.id, endpoint.id, 'waiting', %(now)s
FROM loans_outwardevent AS event
JOIN loans_endpoint AS endpoint ON endpoint.partner_id = event.partner_id AND endpoint.disabled_at IS NULL
WHERE event.partner_id = %(partner)s AND event.id >= %(first)s AND (%(last)s::bigint IS NULL OR event.id <= %(last)s)
ORDER BY event.id, endpoint.id
ON CONFLICT (endpoint_id, event_id) DO UPDATE
SET status = 'waiting', attempts = 0, next_attempt_at = %(now)s, delivered_at = NULL, answered = NULL, reason = ''
WHERE delivery.status IN ('delivered', 'dead')
"""


def replay(partner_id: int, *, first: int, last: int | None = None, now: datetime) -> int:
    """Post a partner's events from id `first` (to `last`) to each of its endpoints again; returns how many posts.

    Also to endpoints that were made after the events.
    """
    parameters: dict[str, Any] = {"partner": partner_id, "first": first, "last": last, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_REPLAY, parameters)
        return int(cursor.rowcount)


def send_again(delivery_ids: Collection[int], *, now: datetime) -> int:
    """Try these again from the start, those of them that were given up; returns how many that is."""
    return _try_anew(OutwardDelivery.objects.filter(pk__in=delivery_ids), now)


def send_again_to(endpoint_id: int, *, now: datetime) -> int:
    """The same for all that an endpoint did not take."""
    return _try_anew(OutwardDelivery.objects.filter(endpoint=endpoint_id), now)


def _try_anew(rows: "QuerySet[OutwardDelivery]", now: datetime) -> int:
    return rows.filter(status=Status.DEAD).update(status=Status.WAITING, attempts=0, next_attempt_at=now, reason="")
