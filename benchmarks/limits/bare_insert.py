"""The limit of whatever writes rows: INSERT … SELECT of the very rows that ours wrote, into tables without indexes; and
what is left of it once rows have a number, are unique and can be found when they are due.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from django.db import transaction

from benchmarks.limits.side_by_side import CONNECTIONS, side_by_side
from benchmarks.measure import Trial, expect, timed
from benchmarks.tables import checkpoint, count, execute, rows
from notifications.planning_calendar import PORTION

_BY_PERSON: Final = "(borrower_id"
"""How the definition of an index begins that finds what one person was told: a plan could do without."""
_Range = tuple[str, int, int]
"""A table, and its ids from the first until before the last."""


def insert_bare(n: int, tables: Sequence[str]) -> Trial:
    """Copy all rows of `tables`, which hold what ours has written for `n`, in one transaction."""
    return _insert(n, tables, lambda: _copy(tables))


def insert_least(n: int, tables: Sequence[str]) -> Trial:
    """The same by two connections, portion by portion, into tables with the product's indexes but those by person; no
    triggers, no foreign keys, nothing to look for: the most that anybody could reach with such rows.
    """
    portions = _portions(n, tables)

    def copy() -> None:
        side_by_side(lambda part: _copy_portions(portions[part::CONNECTIONS]))

    return _insert(n, tables, copy, indexed=True)


def _insert(n: int, tables: Sequence[str], copy: Callable[[], None], *, indexed: bool = False) -> Trial:
    for table in tables:
        execute(f"DROP TABLE IF EXISTS bare_{table}")
        execute(f"CREATE TABLE bare_{table} (LIKE {table})")
        if indexed:
            _index(table)
    checkpoint()
    trial = timed(n, copy)
    for table in tables:
        expect(f"rows of {table} in the bare copy", count(table), count(f"bare_{table}"))
        execute(f"DROP TABLE bare_{table}")
    return trial


@transaction.atomic
def _copy(tables: Sequence[str]) -> None:
    for table in tables:
        execute(f"INSERT INTO bare_{table} SELECT * FROM {table}")


def _index(table: str) -> None:
    for (definition,) in rows("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [table]):
        if _BY_PERSON not in definition:
            head, body = definition.split(" USING ", 1)
            execute(f"CREATE {'UNIQUE ' if 'UNIQUE' in head else ''}INDEX ON bare_{table} USING {body}")


def _portions(n: int, tables: Sequence[str]) -> list[list[_Range]]:
    """Of each table so many ranges of ids as `n` has portions, those of one portion together."""
    parts = max(n // PORTION, CONNECTIONS)
    ranges = []
    for table in tables:
        first, last = rows(f"SELECT min(id), max(id) FROM {table}")[0]
        bounds = [first + (last + 1 - first) * part // parts for part in range(parts + 1)]
        ranges.append([(table, lowest, upto) for lowest, upto in pairwise(bounds)])
    return [list(portion) for portion in zip(*ranges, strict=True)]


def _copy_portions(portions: Iterable[Iterable[_Range]]) -> None:
    """Each in a transaction of its own."""
    for portion in portions:
        with transaction.atomic():
            for table, first, upto in portion:
                execute(f"INSERT INTO bare_{table} SELECT * FROM {table} WHERE id >= %s AND id < %s", [first, upto])
