"""Seals events: cuts them into batches, makes a Merkle tree of each, and chains its root to the seal before.

Ids are handed out before transactions commit, so what is visible may have a gap that an open transaction fills later.
The numbers of transactions (xmin below that of the oldest running one) do not say which gaps can fill: a transaction of
a higher number may hold a lower id. The lock on the table does. A writer takes it before it is handed an id and keeps
it until its rows are visible or gone, so once all have let go who held it after an id was seen, every id up to that one
is settled. Seals therefore cover ranges of ids without exception, and a row that turns up in one was smuggled in.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Max

from loans import writers
from notifications.evidence.canonical import BELOW_ALL, END, Batch, read_batches
from notifications.evidence.merkle import root_of
from notifications.evidence.verify import GENESIS, hash_leaf, hash_seal
from notifications.models import NoticeEvent, Seal

BATCH: Final = 1000
"""Events under one seal: a path to one of them has ten steps at most."""
LIMIT: Final = 50_000
"""Events a transaction: more would gain nothing, and fewer would pay for more commits."""
PATIENCE: Final = 1.0
"""Seconds to wait for transactions that are writing events. Those that take longer are waited for by the next sweep."""


def seal_events(now: datetime, limit: int = LIMIT, patience: float = PATIENCE) -> int:
    """Seal up to `limit` events that are settled and not sealed yet; returns how many. `now` is written as the moment.

    0 where there are none, where another sealer is at work, or where writers did not finish within `patience` seconds.
    Needs READ COMMITTED, the default: each of its statements must see what was committed before it.
    """
    until = _settled(patience)
    if until is None:
        return 0
    with transaction.atomic():
        if not _alone():
            return 0
        newest = Seal.objects.newest()
        with read_batches(newest.last_id if newest else BELOW_ALL, until, BATCH, limit) as batches:
            seals = list(_seal_all(batches, newest, now))
        Seal.objects.bulk_create(seals)
    return sum(seal.count for seal in seals)


def _settled(patience: float) -> int | None:
    """The id up to which no event can appear any more; None where there is no event or the writers are not done."""
    highest: int | None = NoticeEvent.objects.aggregate(highest=Max("pk"))["highest"]
    if highest is None:
        return None
    return highest if writers.are_done(NoticeEvent, patience) else None


def _alone() -> bool:
    """Become the only sealer until the transaction ends, if nobody is; the table's own number names the lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock('notifications_seal'::regclass::oid::int, 0)")
        return bool(cursor.fetchone()[0])


def _seal_all(batches: Iterable[Batch], newest: Seal | None, now: datetime) -> Iterator[Seal]:
    before = newest
    for batch in batches:
        before = _seal(batch, before, now)
        yield before


def _seal(batch: Batch, before: Seal | None, now: datetime) -> Seal:
    first_id, last_id, text = batch
    first_id, lines = before.last_id + 1 if before else first_id, text.split(END)
    count = len(lines)
    root = root_of([hash_leaf(line) for line in lines])
    previous = bytes(before.hash) if before else GENESIS
    return Seal(
        first_id=first_id,
        last_id=last_id,
        count=count,
        root=root,
        previous=previous,
        hash=hash_seal(previous, first_id, last_id, count, root, now),
        sealed_at=now,
    )
