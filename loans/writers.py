"""Waits for those who are writing rows of a table, so that its ids up to one seen before are settled.

Ids are handed out before transactions commit. A writer takes the lock on the table before it is handed an id and keeps
it until its rows are visible or gone: once all have let go who held it after an id was seen, that id is settled.
"""

from time import monotonic, sleep
from typing import Final

from django.db import connection, models

_LOOK_AGAIN: Final = 0.01
_WRITERS: Final = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = %s::regclass AND mode = 'RowExclusiveLock'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND granted AND pid IS DISTINCT FROM pg_backend_pid()
"""


def are_done(model: type[models.Model], patience: float) -> bool:
    """Whether those who write rows of `model` now end within `patience` seconds; who begins later is not waited for."""
    writers, give_up_at = _of(model), monotonic() + patience
    while writers:
        if monotonic() >= give_up_at:
            return False
        sleep(_LOOK_AGAIN)
        writers &= _of(model)
    return True


def _of(model: type[models.Model]) -> set[str]:
    """The transactions of others that hold the lock with which rows are written."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS, [model._meta.db_table])
        return {transaction_id for (transaction_id,) in cursor.fetchall()}
