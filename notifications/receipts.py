"""What providers say about deliveries: kept raw and answered at once, read later in sets, and then let move them.

A receipt is kept even when it moves nothing: they come twice, late, out of order and before our own write.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from notifications import arrays, receipt_moves
from notifications.channels.base import ReceiptRecord
from notifications.heard import PARSERS, Heard, Words, letters_of, read, reference_of, words_of
from notifications.kept_reports import may_be_kept
from notifications.models import Callback, Delivery, RefusedCalls
from notifications.opted_out import obey_reports
from notifications.receipt_statements import APPLIED, KEEP, SETTINGS, TAKE
from notifications.said_again import said_again
from notifications.signatures import delivery_id_of

logger = logging.getLogger(__name__)
Why = RefusedCalls.Why

BATCH: Final = 2_500
"""Callbacks that are read together, as many as fill a set where each is one receipt. 200 at a time took half as long
again: what a transaction costs by itself was the most of it.
"""
AT_ONCE: Final = 200
"""So many are taken at a time, until there are BATCH or they have ENOUGH octets: what is taken is nobody else's, and of
large ones 200 are a batch.
"""
ENOUGH: Final = 1_000_000
MOST_OCTETS: Final = 8_000_000
"""Of what is taken at a time: one may hold two million."""
MOST_RECEIPTS: Final = 20_000
"""Receipts after which a batch is cut: what follows waits for the next transaction, so that none takes long."""
SET: Final = 2_500
"""Receipts that are moved by one statement. While the database works on one set, the next is read."""

LONGEST: Final = 5.0
"""Seconds after which nothing more is read in a transaction: the database ends a session that keeps it waiting."""

SIFTED: Final = frozenset({"smtp"})
"""Where anybody may write to: what holds no receipt is not kept, nor more than a few on one delivery."""

_Letter = tuple[int, str, bytes | memoryview, datetime]
"""A callback's id, provider, bytes, and when it came."""


def store(*, provider: str, raw: bytes, now: datetime | None = None) -> bool:
    """Keep one authenticated message of a provider; False where it was sifted out and not kept.

    Where this raises, the provider has to send it again.
    """
    if provider in SIFTED and not _passes(provider, PARSERS[provider](raw), len(raw)):
        return False
    Callback.keep(provider, raw, now or timezone.now())
    return True


def _passes(provider: str, records: Sequence[ReceiptRecord], size: int) -> bool:
    """All records of one message name the same delivery."""
    if not records:
        return False
    reference = records[0].reference
    delivery_id = delivery_id_of(reference)
    if delivery_id is not None and may_be_kept(delivery_id, reference, provider=provider):
        return True
    logger.warning("A report of %d bytes by %s on delivery %s was not kept.", size, provider, delivery_id)
    return False


def apply_waiting(*, now: datetime, limit: int = BATCH) -> int:
    """Read up to `limit` waiting callbacks and let them move their deliveries; returns how many were read.

    Any number of workers may do so at once. What cannot be read is a receipt of kind UNKNOWN; of what was said before
    in the same words it is counted how often. That is written last, each row in one order: nobody waits for two.
    """
    with transaction.atomic(), ThreadPoolExecutor(1) as reader:
        sets = _read_sets(_take(limit))
        done: list[int] = []
        repeated: Counter[str] = Counter()
        ahead = next(sets, None)
        if ahead:
            with connection.cursor() as cursor:
                cursor.execute(SETTINGS)
        while ahead:
            read_ids, heard = ahead
            following = reader.submit(next, sets, None)
            obey_reports(heard, now=now)
            moved = receipt_moves.apply(heard, now)
            repeated += said_again(heard, moved)
            _keep(heard, moved)
            done += read_ids
            ahead = following.result()
        with connection.cursor() as cursor:
            cursor.execute(APPLIED, {"now": now, "ids": arrays.numbers(done)})
        for provider, calls in sorted(repeated.items()):
            RefusedCalls.count(provider, Why.SAID_AGAIN, calls, day=now.astimezone(UTC).date(), now=now)
    return len(done)


def _take(limit: int) -> list[_Letter]:
    """The first of what waits, `limit` or ENOUGH of it, locked until the transaction ends."""
    letters: list[_Letter] = []
    octets, after = 0, 0
    with connection.cursor() as cursor:
        while len(letters) < limit and octets < ENOUGH:
            asked = {"after": after, "limit": min(AT_ONCE, limit - len(letters)), "octets": MOST_OCTETS}
            cursor.execute(TAKE, {"providers": list(PARSERS), **asked})
            more: list[_Letter] = cursor.fetchall()
            letters += more
            if len(more) < AT_ONCE:
                break
            octets += sum(len(raw) for _pk, _provider, raw, _at in more)
            after = more[-1][0]
    return letters


def _read_sets(letters: Sequence[_Letter]) -> Iterator[tuple[list[int], list[Heard]]]:
    """Whole callbacks in sets of about SET receipts, about MOST_RECEIPTS in all, for about LONGEST at the most; one at
    least. Asks the database nothing.
    """
    ids: list[int] = []
    heard: list[Heard] = []
    told, started = 0, monotonic()
    for pk, provider, raw, received_at in letters:
        heard += read(pk, provider, bytes(raw), received_at)
        ids.append(pk)
        if len(heard) >= min(SET, MOST_RECEIPTS - told):
            yield ids, heard
            told += len(heard)
            ids, heard = [], []
        if told >= MOST_RECEIPTS or monotonic() - started >= LONGEST:
            break
    if ids:
        yield ids, heard


def _keep(heard: Sequence[Heard], moved: set[int]) -> None:
    """Write the receipts. One that names no delivery of its channel belongs to none."""
    if not heard:
        return
    known = _known([one for place, one in enumerate(heard) if place not in moved])
    said: dict[Words, int] = {}
    numbers = [said.setdefault(words_of(one), len(said)) for one in heard]
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP,
            {
                **receipt_moves.columns_of(letters_of(heard)),
                "numbers": arrays.numbers(said.values()),
                "kinds": arrays.texts(kind for kind, _word, _reason, _at in said),
                "words": arrays.texts(word for _kind, word, _reason, _at in said),
                "reasons": arrays.texts(reason for _kind, _word, reason, _at in said),
                "occurred": arrays.texts(at.isoformat() if at else None for _kind, _word, _reason, at in said),
                "ids": arrays.numbers(
                    one.delivery_id if place in moved or (one.delivery_id, one.letter.channel) in known else None
                    for place, one in enumerate(heard)
                ),
                "callbacks": arrays.numbers(one.letter.callback_id for one in heard),
                "said": arrays.numbers(numbers),
                "references": arrays.texts(reference_of(one) for one in heard),
                "moved": arrays.booleans(place in moved for place in range(len(heard))),
            },
        )


def _known(unmoved: Sequence[Heard]) -> set[tuple[int | None, str]]:
    """Those of the deliveries named that there are, with their channels; of what moved, that is known already."""
    named = {one.delivery_id for one in unmoved if one.delivery_id}
    return set(Delivery.objects.filter(pk__in=named).values_list("pk", "channel")) if named else set()
