"""Claims deliveries, sends them and records what became of each, in batches.

The check before sending is in the claim: what is paid, changed, disputed or withdrawn is not claimed. No transaction
and no lock is held while a provider is talked to. A worker that dies in between leaves rows in SENDING, which `rescue`
finds.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from notifications.channels.base import Channel, Outcome, Result
from notifications.channels.registry import channel_for
from notifications.composing import compose
from notifications.models import Delivery
from notifications.signatures import delivery_id_of
from notifications.states import Status, Step, advance

BATCH: Final = 500
RECORD_EVERY: Final = 100
MOST_ATTEMPTS: Final = 6
FIRST_RETRY: Final = timedelta(seconds=30)
LEASE: Final = timedelta(minutes=10)
"""A claim older than this has lost its worker; no task may run so long (CELERY_TASK_TIME_LIMIT)."""

_CLAIM: Final = """
UPDATE notifications_delivery SET status = 'sending', claimed_at = %(now)s, attempts = attempts + 1
WHERE id IN (
    SELECT delivery.id
    FROM notifications_delivery AS delivery
    JOIN notifications_prompt AS prompt ON prompt.id = delivery.prompt_id AND prompt.status <> 'cancelled'
    LEFT JOIN loans_installment AS installment
           ON installment.id = prompt.installment_id AND prompt.kind IN ('upcoming', 'overdue')
    WHERE delivery.channel = %(channel)s AND delivery.status IN ('queued', 'retrying')
      AND delivery.next_attempt_at <= %(now)s
      AND (installment.id IS NULL OR installment.state = 'open' AND installment.version = prompt.version)
      AND (prompt.kind <> 'overdue' OR NOT EXISTS (
            SELECT 1 FROM loans_dispute AS dispute
            WHERE dispute.loan_id = installment.loan_id AND dispute.status <> 'decided'
              AND (dispute.installment_id IS NULL OR dispute.installment_id = installment.id)))
    ORDER BY delivery.next_attempt_at
    LIMIT %(limit)s
    FOR UPDATE OF delivery SKIP LOCKED)
RETURNING id
"""


def dispatch(name: str, *, now: datetime, limit: int = BATCH) -> int:
    """Claim up to `limit` deliveries of channel `name`, send them, record the outcomes; returns how many."""
    claimed = claim(name, now=now, limit=limit)
    if not claimed:
        return 0
    messages = compose(claimed, now=now)
    with channel_for(name) as channel:
        for outcomes in _grouped(channel.send(messages), size=1 if channel.records_each else RECORD_EVERY):
            record_outcomes(outcomes, channel, now=now)
    return len(claimed)


def claim(name: str, *, now: datetime, limit: int = BATCH) -> list[int]:
    """Take deliveries for this worker alone; returns their ids."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "channel": name, "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def record_outcomes(outcomes: Sequence[Outcome], channel: Channel, *, now: datetime) -> None:
    """Write down what became of handing these over."""
    ids = {outcome.reference: delivery_id_of(outcome.reference) for outcome in outcomes}
    attempts = dict(Delivery.objects.filter(pk__in=list(ids.values())).values_list("pk", "attempts"))
    steps = []
    for outcome in outcomes:
        delivery_id = ids[outcome.reference]
        if delivery_id is not None:
            steps.append(_step(delivery_id, outcome, attempts.get(delivery_id, 0), channel, now))
    advance(steps, now=now)


def rescue(*, now: datetime) -> int:
    """Free what a dead worker left in SENDING: sent again where that is safe, else marked as unconfirmed."""
    stuck = list(Delivery.objects.stuck(now - LEASE).values_list("pk", "channel")[:BATCH])
    steps = [_freed(pk, safe=channel_for(name).safe_to_resend, now=now) for pk, name in stuck]
    return len(advance(steps, now=now))


def _freed(delivery_id: int, *, safe: bool, now: datetime) -> Step:
    reason = "the worker died while handing it over"
    if safe:
        return Step(delivery_id=delivery_id, to=Status.RETRYING, reason=reason, next_attempt_at=now)
    return Step(delivery_id=delivery_id, to=Status.UNCONFIRMED, reason=reason)


def _step(delivery_id: int, outcome: Outcome, attempts: int, channel: Channel, now: datetime) -> Step:
    result = outcome.result
    if result is Result.UNKNOWN and channel.safe_to_resend:
        result = Result.TEMPORARY
    if result is Result.TEMPORARY and attempts < MOST_ATTEMPTS:
        return Step(
            delivery_id=delivery_id,
            to=Status.RETRYING,
            reason=outcome.reason,
            next_attempt_at=now + _pause(attempts),
        )
    return Step(
        delivery_id=delivery_id,
        to=_STATUS[outcome.result],
        reason=outcome.reason,
        provider_reference=outcome.provider_reference,
        address_is_bad=outcome.address_fault,
    )


_STATUS: Final = {
    Result.ACCEPTED: Status.SENT,
    Result.DELIVERED: Status.DELIVERED,
    Result.TEMPORARY: Status.FAILED,
    Result.PERMANENT: Status.FAILED,
    Result.UNKNOWN: Status.UNCONFIRMED,
}


def _pause(attempts: int) -> timedelta:
    """30 s, doubled each time, give or take a tenth so that a provider that comes back is not hit at once."""
    doubled = FIRST_RETRY * float(2 ** (attempts - 1))
    return doubled * random.uniform(0.9, 1.1)  # noqa: S311


def _grouped(outcomes: Iterator[Outcome], *, size: int) -> Iterator[list[Outcome]]:
    group: list[Outcome] = []
    for outcome in outcomes:
        group.append(outcome)
        if len(group) >= size:
            yield group
            group = []
    if group:
        yield group
