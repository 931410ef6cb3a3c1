"""Takes deliveries for one worker: what is paid, changed, disputed, held or halted is not.

A worker looks up what is next and locks those rows, words them, and claims them with what they say, in one short
transaction: a claimed delivery has its facts, and a worker that dies before the commit has claimed nothing.

A claim belongs to the advisory lock whose key it carries. The database lets go of the lock when the worker's connection
ends, however it ends, so what a dead worker held is known at once. A worker that only sleeps keeps its lock; what it
has held for longer than `CLAIM_LEASE` is freed all the same.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection

from loans.worker_lock import IS_HELD, worker_lock
from notifications.arrays import numbers, texts
from notifications.halting import halts_for
from notifications.kept_words import keep_words
from notifications.needed import KINDS, is_so, may_be_told
from notifications.prepared import prepared_cursor
from notifications.tellings import ABOUT, DELIVERY, PROMPTS, Telling, among

Statement = tuple[str, dict[str, Any]]
"""With its parameters."""
# A message for several installments is sent as long as one of them still needs it. Whether it is needed is asked of one
# delivery after the other, in the order of the queue, until there are enough. OFFSET 0 keeps the question from being
# turned round: joined at will, all that waits would be read for every batch of it.
_NEXT: Final = f"""
SELECT {{columns}}
FROM notifications_delivery AS delivery
CROSS JOIN LATERAL (
    SELECT {{about}}
    FROM {PROMPTS}
    WHERE prompt.id = delivery.prompt_id AND prompt.status <> 'cancelled'
      AND (prompt.kind <> ALL(%(of_figures)s) AND {is_so("prompt")}
           OR prompt.kind = ANY(%(of_figures)s) AND {may_be_told("prompt", "installment")}
           OR EXISTS (
                SELECT 1 FROM notifications_prompt AS companion
                JOIN loans_installment AS other ON other.id = companion.installment_id
                WHERE companion.told_with_id = prompt.id
                  AND {may_be_told("companion", "other")}
                OFFSET 0))
      {{halts}}
    OFFSET 0) AS about
WHERE delivery.channel = %(channel)s AND delivery.status IN ('queued', 'retrying')
  AND delivery.next_attempt_at BETWEEN %(after)s AND %(now)s
  AND (delivery.next_attempt_at > %(after)s OR delivery.id > %(after_id)s)
  {{turn}}
ORDER BY delivery.next_attempt_at
LIMIT %(limit)s
FOR NO KEY UPDATE OF delivery SKIP LOCKED
"""  # noqa: S608  (nothing of it comes from outside)
FACTS: Final = "string_to_array(%(facts)s, E'\\x1e', 'null')"
"""In a statement with the parameters of `columns_of`: the facts of each row as text, NULL where there are none."""
# A provider's failure, and not a rule's: what was put off was handed to nobody.
_TRIED_BY: Final = (
    "delivery.status = 'retrying' AND delivery.provider = %(tried_by)s AND delivery.handed_at IS NOT NULL"
)
_CLAIM: Final = f"""
UPDATE notifications_delivery AS delivery
SET status = 'sending', claimed_at = %(now)s, claimed_by = %(holder)s, attempts = attempts + 1,
    handed_at = CASE WHEN row.facts IS NOT NULL THEN %(now)s END, provider = %(provider)s,
    facts = COALESCE(row.facts::jsonb, delivery.facts), wording = COALESCE(NULLIF(row.wording, ''), delivery.wording)
FROM unnest(%(ids)s::bigint[], {FACTS}, %(wordings)s::text[]) AS row (id, facts, wording)
WHERE delivery.id = row.id
"""  # noqa: S608  (our own words)
_ABANDONED: Final = f"""
SELECT delivery.id, delivery.provider
FROM notifications_delivery AS delivery
WHERE delivery.status = 'sending'
  AND (delivery.claimed_at < %(lease)s OR NOT {IS_HELD.format(key="delivery.claimed_by")})
LIMIT %(limit)s
"""  # noqa: S608  (nothing of it comes from outside)
# A worker asks for a few hundred rows by their ids. Right after a large plan the statistics do not know how few of all
# those are, and whole tables would be read for each block.
_BY_ID: Final = """
SELECT set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),
       set_config('plan_cache_mode', 'force_generic_plan', false)"""
_AS_BEFORE: Final = "SELECT set_config('enable_seqscan', 'on', false), set_config('plan_cache_mode', 'auto', false)"
_FRONT: Final = (datetime.min.replace(tzinfo=UTC), 0)


class Kept(NamedTuple):
    """What is kept of a message: the facts that it is filled with, as JSON, and the version of its wording.

    Without facts ("null") the delivery is to be put off or to fail.
    """

    delivery_id: int
    facts: str = "null"
    wording: str = ""


@dataclass(slots=True)
class Line:
    """One walk along what waits for `channel`. What stands there and may not go out (its firm is halted, or an outage
    holds it) is passed once a walk, not once a block.

    Of one with `failed_by` only what this provider was the last to try and did not take; of one with `not_failed_by`
    all but that.
    """

    channel: str
    after: tuple[datetime, int] = _FRONT
    failed_by: str = ""
    not_failed_by: str = ""

    def next(self, *, now: datetime, limit: int) -> list[int]:
        """The ids of up to `limit` deliveries that are to go out now; nobody else's until this transaction ends.

        Where none is left the walk begins anew: some of those behind may have become free, or due, meanwhile.
        """
        return [pk for pk, _at in self._walk(self.ids, now, limit)]

    def tellings(self, *, now: datetime, limit: int) -> list[Telling]:
        """As `next`, each with all that it is worded from."""
        return [Telling._make(row) for row in self._walk(self.whole, now, limit)]

    def _walk(self, find: Callable[..., Statement], now: datetime, limit: int) -> list[tuple[Any, ...]]:
        """Rows that begin with the id of a delivery and end with its moment, as text."""
        rows = self._beyond(find(now=now, limit=limit))
        if not rows and self.after != _FRONT:
            self.after = _FRONT
            rows = self._beyond(find(now=now, limit=limit))
        return rows

    def _beyond(self, statement: Statement) -> list[tuple[Any, ...]]:
        with prepared_cursor() as cursor:
            cursor.execute(*statement)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        if rows:
            self.passed(rows[-1][0], rows[-1][-1])
        return rows

    def passed(self, delivery_id: int, at: str) -> None:
        """Go on behind this place, whose moment is as PostgreSQL writes it."""
        self.after = datetime.fromisoformat(at), delivery_id

    def ids(self, *, now: datetime, limit: int) -> Statement:
        """What finds the next of the line."""
        return self._statement("delivery.id, delivery.next_attempt_at::text", "", now, limit)

    def whole(self, *, now: datetime, limit: int) -> Statement:
        """What finds them with all that they are worded from: in one look, since most of what says whether a message is
        needed is in it, too.
        """
        text, parameters = self.rows(now=now, limit=limit)
        return among(text), parameters

    def rows(self, *, now: datetime, limit: int) -> Statement:
        """What finds the columns DELIVERY of them, of which `among` makes tellings."""
        return self._statement(DELIVERY, ABOUT, now, limit)

    def _statement(self, columns: str, about: str, now: datetime, limit: int) -> Statement:
        halts, parameters = halts_for(self.channel)
        turn = f"AND {_TRIED_BY}" if self.failed_by else f"AND NOT ({_TRIED_BY})" if self.not_failed_by else ""
        if turn:
            parameters = {**parameters, "tried_by": self.failed_by or self.not_failed_by}
        after, after_id = self.after
        place: dict[str, Any] = {"channel": self.channel, "after": after, "after_id": after_id}
        text = _NEXT.format(columns=columns, about=about, halts=halts, turn=turn)
        return text, {"now": now, "limit": limit, **place, **KINDS, **parameters}


def columns_of(rows: Sequence[Kept]) -> dict[str, str]:
    """The rows as the columns ids, facts and wordings. In an array every quotation mark of a document would be escaped,
    and one large document would be read twice; no JSON holds the control character between them.
    """
    ids, facts, wordings = zip(*rows, strict=True)
    return {"ids": numbers(ids), "facts": "\x1e".join(facts), "wordings": texts(wordings)}


def claim(rows: Sequence[Kept], *, holder: int, provider: str, now: datetime) -> None:
    """Claim these, which this transaction has locked, for the worker whose lock has the key `holder`.

    From the commit on those with facts are being handed over.
    """
    if rows:
        keep_words({row.wording for row in rows if row.wording})
        parameters: dict[str, Any] = {**columns_of(rows), "provider": provider, "holder": holder, "now": now}
        with prepared_cursor() as cursor:
            cursor.execute(_CLAIM, parameters)


@contextmanager
def holding() -> Iterator[int]:
    """Hold a lock of one's own while working; yields its key, which is in every claim."""
    with worker_lock() as key, looking_up_by_id():
        yield key


@contextmanager
def looking_up_by_id() -> Iterator[None]:
    """Keep the database from reading whole tables meanwhile, on this connection."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_ID)
        try:
            yield
        finally:
            cursor.execute(_AS_BEFORE)


def abandoned(*, now: datetime, limit: int) -> list[tuple[int, str]]:
    """What workers claimed and never recorded, and will not: its id and its provider."""
    with connection.cursor() as cursor:
        cursor.execute(_ABANDONED, {"lease": now - settings.CLAIM_LEASE, "limit": limit})
        return [(pk, provider) for pk, provider in cursor.fetchall()]
