"""Tables between trials: emptied, filled at once, counted, and left as a running server keeps them."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pgtrigger
from django.db import connection, transaction

_INDEXES = """
SELECT index.indexrelid::regclass::text, pg_get_indexdef(index.indexrelid)
FROM pg_index AS index
WHERE index.indrelid = %s::regclass
  AND NOT EXISTS (SELECT 1 FROM pg_constraint AS kept WHERE kept.conindid = index.indexrelid)
"""


def execute(statement: str, parameters: Any = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def rows(statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def scalar(statement: str, parameters: Any = None) -> Any:
    return rows(statement, parameters)[0][0]


def count(table: str, condition: str = "true") -> int:
    return int(scalar(f"SELECT count(*) FROM {table} WHERE {condition}"))


def empty(*tables: str) -> None:
    """Append-only ones, too, and whatever refers to them."""
    with transaction.atomic(), pgtrigger.ignore():
        execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")


def settle(*tables: str) -> None:
    """What a server has done by the time that it meets such tables: statistics are there, and nothing is unwritten."""
    for table in tables:
        execute(f"VACUUM ANALYZE {table}")
    checkpoint()


def checkpoint() -> None:
    """Write out what is unwritten, where this role may ask for it: no trial pays for the one before it."""
    with contextlib.suppress(Exception):
        execute("CHECKPOINT")


def leave_unchecked() -> None:
    """Leave triggers and foreign keys unchecked until this transaction ends, where this role may ask for it."""
    if scalar("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        execute("SET LOCAL session_replication_role = replica")


@contextlib.contextmanager
def loading(tables: Sequence[str]) -> Iterator[None]:
    """Drop indexes and leave foreign keys unchecked while much is loaded; make the indexes again after it."""
    indexes = [found for table in tables for found in rows(_INDEXES, [table])]
    for name, _definition in indexes:
        execute(f"DROP INDEX {name}")
    try:
        with transaction.atomic():
            leave_unchecked()
            yield
    finally:
        with transaction.atomic():
            execute("SET LOCAL maintenance_work_mem = '512MB'")
            for _name, definition in indexes:
                execute(definition)
