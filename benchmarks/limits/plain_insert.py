"""The limit of what is done to rows beside writing them: the same rows into their own table by INSERT … SELECT."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from benchmarks.tables import execute, rows
from notifications.planning_calendar import PORTION

_ASIDE = "aside_"
_BOUNDS: Final = """
SELECT max(id)
FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS portion FROM {aside}) AS numbered
GROUP BY portion
ORDER BY portion
"""


@contextmanager
def set_aside(table: str) -> Iterator[None]:
    """Keep a copy of all rows for as long as the block lasts."""
    execute(f"CREATE TABLE {_ASIDE}{table} AS TABLE {table}")
    execute(f"CREATE UNIQUE INDEX ON {_ASIDE}{table} (id)")
    try:
        yield
    finally:
        execute(f"DROP TABLE {_ASIDE}{table}")


def insert_again(table: str) -> int:
    """Write the rows that were set aside into their table, with its indexes and constraints, in portions as a large day
    is planned in; returns how many.
    """
    written, after = 0, 0
    for (upto,) in rows(_BOUNDS.format(aside=f"{_ASIDE}{table}"), [PORTION]):
        again = f"INSERT INTO {table} SELECT * FROM {_ASIDE}{table} WHERE id > %s AND id <= %s ORDER BY id"
        written += execute(again, [after, upto])
        after = upto
    return written
