"""Up to which id a partner may read without missing an event that a slower transaction still writes.

Ids are handed out before transactions commit. A writer takes the lock on the table before it is handed an id and keeps
it until its rows are visible or gone: once all have let go who held it after an id was seen, that id is settled.
"""

from time import monotonic, sleep
from typing import Final

from django.db import connection
from django.db.models import Max

from loans.models import OutwardEvent

PATIENCE: Final = 1.0
"""Seconds to wait for transactions that are writing events; after that the reader is told to come again."""
_LOOK_AGAIN: Final = 0.01
_WRITERS: Final = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'loans_outwardevent'::regclass AND mode = 'RowExclusiveLock'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND granted AND pid IS DISTINCT FROM pg_backend_pid()
"""


def settled_until(partner_id: int, after: int, patience: float = PATIENCE) -> int:
    """The id up to which no event of this partner can appear any more; `after` where there is nothing newer or the
    writers are not done. Needs READ COMMITTED, outside of a transaction that has read before.
    """
    newest = OutwardEvent.objects.of(partner_id).filter(pk__gt=after).aggregate(newest=Max("pk"))["newest"]
    if newest is None:
        return after
    writers, give_up_at = _writers(), monotonic() + patience
    while writers:
        if monotonic() >= give_up_at:
            return after
        sleep(_LOOK_AGAIN)
        writers &= _writers()
    return int(newest)


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS)
        return {transaction_id for (transaction_id,) in cursor.fetchall()}
