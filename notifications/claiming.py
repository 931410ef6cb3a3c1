"""Takes deliveries for one worker: what is paid, changed, disputed, touched by an outage, withdrawn or halted is not.

A claim belongs to the advisory lock whose key it carries. The database lets go of the lock when the worker's connection
ends, however it ends, so what a dead worker held is known at once. A worker that only sleeps keeps its lock; what it
has held for longer than `CLAIM_LEASE` is freed all the same, and `begin_hand_over` then tells it that it is too late.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from loans.worker_lock import IS_HELD, worker_lock
from notifications.halting import halts_for
from notifications.models import Prompt

_NEEDED: Final = """
{prompt}.voided_at IS NULL AND {prompt}.status <> 'cancelled'
AND {installment}.state = 'open' AND {installment}.version = {prompt}.version
AND ({prompt}.kind <> ALL(%(held_by_dispute)s) OR NOT EXISTS (
    SELECT 1 FROM loans_dispute AS dispute
    WHERE dispute.loan_id = {installment}.loan_id AND dispute.status <> 'decided'
      AND (dispute.installment_id IS NULL OR dispute.installment_id = {installment}.id)) AND NOT EXISTS (
    SELECT 1 FROM loans_outagehold AS hold
    WHERE hold.installment_id = {installment}.id AND (hold.held_until IS NULL OR hold.held_until > %(now)s)
    OFFSET 0))
"""
# A message for several installments is sent as long as one of them still needs it. Whether it is needed is asked of one
# delivery after the other, in the order of the queue, until there are enough. OFFSET 0 keeps the question from turning
# into a join: joined, all that waits would be read for every batch of it.
_CLAIM: Final = f"""
UPDATE notifications_delivery
SET status = 'sending', claimed_at = %(now)s, claimed_by = %(holder)s, handed_at = NULL, attempts = attempts + 1
WHERE id = ANY (ARRAY(
    SELECT delivery.id
    FROM notifications_delivery AS delivery
    WHERE delivery.channel = %(channel)s AND delivery.status IN ('queued', 'retrying')
      AND delivery.next_attempt_at <= %(now)s
      AND EXISTS (
        SELECT FROM notifications_prompt AS prompt
        LEFT JOIN loans_installment AS installment
               ON installment.id = prompt.installment_id AND prompt.kind = ANY(%(of_figures)s)
        WHERE prompt.id = delivery.prompt_id AND prompt.status <> 'cancelled'
          AND (installment.id IS NULL
               OR {_NEEDED.format(prompt="prompt", installment="installment")}
               OR EXISTS (
                    SELECT 1 FROM notifications_prompt AS companion
                    JOIN loans_installment AS other ON other.id = companion.installment_id
                    WHERE companion.told_with_id = prompt.id
                      AND {_NEEDED.format(prompt="companion", installment="other")}
                    OFFSET 0))
          {{halts}}
        OFFSET 0)
    ORDER BY delivery.next_attempt_at
    LIMIT %(limit)s
    FOR UPDATE OF delivery SKIP LOCKED))
RETURNING id
"""  # noqa: S608  (nothing of it comes from outside)
# COALESCE keeps the index of what is being sent out of it: rows are looked up by their ids, however much is being sent.
_BEGIN: Final = """
UPDATE notifications_delivery AS delivery
SET handed_at = %(now)s, provider = %(provider)s, facts = row.facts, wording = row.wording
FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (id bigint, facts jsonb, wording text)
WHERE delivery.id = row.id AND COALESCE(delivery.status = 'sending' AND delivery.claimed_by = %(holder)s, FALSE)
RETURNING delivery.id
"""
_ABANDONED: Final = f"""
SELECT delivery.id, delivery.provider, delivery.handed_at
FROM notifications_delivery AS delivery
WHERE delivery.status = 'sending'
  AND (delivery.claimed_at < %(lease)s OR NOT {IS_HELD.format(key="delivery.claimed_by")})
LIMIT %(limit)s
"""  # noqa: S608  (nothing of it comes from outside)


# A worker asks for a few hundred rows by their ids. Right after a large plan the statistics do not know how few of all
# those are, and whole tables would be read for each block.
_BY_ID: Final = "SELECT set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false)"
_AS_BEFORE: Final = "SELECT set_config('enable_seqscan', 'on', false)"

_KINDS: Final[dict[str, list[str]]] = {
    "of_figures": list(Prompt.OF_FIGURES),
    "held_by_dispute": list(Prompt.HELD_BY_DISPUTE),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """A worker that holds its lock. `key` is in every claim that it makes."""

    key: int

    def claim(self, channel: str, *, now: datetime, limit: int) -> list[int]:
        """Take up to `limit` deliveries for this worker alone; returns their ids."""
        halts, parameters = halts_for(channel)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                _CLAIM.format(halts=halts),
                {"now": now, "channel": channel, "limit": limit, "holder": self.key, **_KINDS, **parameters},
            )
            return [row[0] for row in cursor.fetchall()]

    def begin_hand_over(self, rows: Sequence[tuple[int, str, str]], *, provider: str, now: datetime) -> set[int]:
        """Write down that these are about to be handed over, each with its facts (JSON) and the version of its wording.

        Returns the ids of those that are still this worker's: no other may be sent.
        """
        if not rows:
            return set()
        # One document: in an array of documents every quotation mark would be escaped once more.
        document = ",".join(f'{{"id":{pk},"facts":{facts},"wording":"{wording}"}}' for pk, facts, wording in rows)
        parameters: dict[str, Any] = {"rows": f"[{document}]", "provider": provider, "holder": self.key, "now": now}
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN, parameters)
            return {row[0] for row in cursor.fetchall()}


@contextmanager
def holding() -> Iterator[Holder]:
    """Hold a lock of one's own while working."""
    with worker_lock() as key, connection.cursor() as cursor:
        cursor.execute(_BY_ID)
        try:
            yield Holder(key)
        finally:
            cursor.execute(_AS_BEFORE)


def abandoned(*, now: datetime, limit: int) -> list[tuple[int, str, datetime | None]]:
    """What workers claimed and never recorded, and will not: its id, its provider, and when its hand-over began."""
    with connection.cursor() as cursor:
        cursor.execute(_ABANDONED, {"lease": now - settings.CLAIM_LEASE, "limit": limit})
        return [(pk, provider, handed_at) for pk, provider, handed_at in cursor.fetchall()]
