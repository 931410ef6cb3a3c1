"""The limit of what is done to rows beside writing them: one INSERT … SELECT of the same rows into their own table."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.tables import execute

_ASIDE = "aside_"


@contextmanager
def set_aside(table: str) -> Iterator[None]:
    """Keep a copy of all rows for as long as the block lasts."""
    execute(f"CREATE TABLE {_ASIDE}{table} AS TABLE {table}")
    try:
        yield
    finally:
        execute(f"DROP TABLE {_ASIDE}{table}")


def insert_again(table: str) -> int:
    """Write the rows that were set aside into their table, with its indexes and constraints; returns how many."""
    return execute(f"INSERT INTO {table} SELECT * FROM {_ASIDE}{table} ORDER BY id")
