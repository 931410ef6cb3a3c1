"""Takes events for one worker, and writes down what became of them; the rows are the queue.

A claim carries the key of an advisory lock that its worker holds. What a dead worker had goes back to the queue: a
receiver tells repeats by their webhook-id.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection

from loans.worker_lock import IS_HELD

A_PARTNERS_SHARE: Final = 100
"""What is claimed for one endpoint at once, so that a slow one does not keep the others waiting."""
BATCH: Final = 500

_CLAIM: Final = """
WITH claimed AS (
    UPDATE loans_outwarddelivery
    SET status = 'sending', claimed_at = %(now)s, claimed_by = %(holder)s, attempts = attempts + 1
    WHERE id IN (
        SELECT due.id
        FROM loans_endpoint AS endpoint
        CROSS JOIN LATERAL (
            SELECT delivery.id FROM loans_outwarddelivery AS delivery
            WHERE delivery.endpoint_id = endpoint.id AND delivery.status = 'waiting'
              AND delivery.next_attempt_at <= %(now)s
            ORDER BY delivery.next_attempt_at, delivery.id
            LIMIT %(share)s
            FOR UPDATE SKIP LOCKED) AS due
        WHERE endpoint.disabled_at IS NULL
          AND (endpoint.resting_until IS NULL OR endpoint.resting_until <= %(now)s)
        LIMIT %(limit)s)
    RETURNING id, event_id, endpoint_id, attempts)
SELECT claimed.id, claimed.attempts, endpoint.id, endpoint.url, event.id, event.kind, event.occurred_at, event.data
FROM claimed
JOIN loans_outwardevent AS event ON event.id = claimed.event_id
JOIN loans_endpoint AS endpoint ON endpoint.id = claimed.endpoint_id
ORDER BY event.id, endpoint.id
"""
_RECORD: Final = """
UPDATE loans_outwarddelivery AS delivery
SET status = row.status, answered = row.answered, reason = row.reason, claimed_by = NULL,
    next_attempt_at = COALESCE(row.next_attempt_at, delivery.next_attempt_at),
    delivered_at = CASE WHEN row.status = 'delivered' THEN %(now)s END
FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(answers)s::smallint[], %(reasons)s::text[],
            %(next)s::timestamptz[]) AS row (id, status, answered, reason, next_attempt_at)
WHERE delivery.id = row.id AND delivery.status = 'sending' AND delivery.claimed_by = %(holder)s
"""
_RELEASE: Final = """
UPDATE loans_outwarddelivery
SET status = 'waiting', attempts = attempts - 1, claimed_by = NULL
WHERE id = ANY(%(ids)s) AND status = 'sending' AND claimed_by = %(holder)s
"""
_FREE: Final = f"""
UPDATE loans_outwarddelivery AS delivery
SET status = 'waiting', claimed_by = NULL, next_attempt_at = %(now)s
WHERE delivery.status = 'sending'
  AND (delivery.claimed_at < %(lease)s OR NOT {IS_HELD.format(key="delivery.claimed_by")})
"""  # noqa: S608  (nothing of it comes from outside)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One event for one endpoint, claimed; `attempts` counts this one."""

    delivery_id: int
    attempts: int
    endpoint_id: int
    url: str
    event_id: int
    kind: str
    occurred_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one: `next_attempt_at` where it waits again. `answered` is None where nobody answered."""

    delivery_id: int
    status: str
    answered: int | None
    reason: str
    next_attempt_at: datetime | None = None


def claim(holder: int, *, now: datetime, limit: int = BATCH, share: int = A_PARTNERS_SHARE) -> list[Claimed]:
    """Take up to `limit` events that should have been posted by now, `share` an endpoint, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "holder": holder, "limit": limit, "share": share})
        return [Claimed(*(*told, json.loads(data))) for *told, data in cursor.fetchall()]


def record(outcomes: Sequence[Outcome], holder: int, *, now: datetime) -> int:
    """Write down what became of these, unless the claim was lost meanwhile; returns how many that is."""
    if not outcomes:
        return 0
    parameters = {
        "ids": [outcome.delivery_id for outcome in outcomes],
        "statuses": [outcome.status for outcome in outcomes],
        "answers": [outcome.answered for outcome in outcomes],
        "reasons": [outcome.reason[:120] for outcome in outcomes],
        "next": [outcome.next_attempt_at for outcome in outcomes],
    }
    return _change(_RECORD, holder=holder, now=now, **parameters)


def release(delivery_ids: Collection[int], holder: int) -> int:
    """Give back what was claimed and not posted: it costs no attempt."""
    return _change(_RELEASE, holder=holder, ids=list(delivery_ids)) if delivery_ids else 0


def free_abandoned(*, now: datetime) -> int:
    """Give back what dead workers had, or sleeping ones for longer than CLAIM_LEASE; returns how many that is."""
    return _change(_FREE, now=now, lease=now - settings.CLAIM_LEASE)


def _change(statement: str, **parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
