"""The limit of whatever writes rows: INSERT … SELECT of the very rows that ours wrote, into tables without indexes."""

from collections.abc import Callable, Sequence

from django.db import transaction

from benchmarks.measure import Trial, expect, timed
from benchmarks.tables import checkpoint, count, execute


def insert_bare(n: int, tables: Sequence[str]) -> Trial:
    """Copy all rows of `tables`, which hold what ours has written for `n`, in one transaction."""
    return time_copying(n, tables, lambda: _copy(tables))


def time_copying(n: int, tables: Sequence[str], copy: Callable[[], None]) -> Trial:
    """Let `copy` fill an empty `bare_…` beside each table; all of it has to be there afterwards."""
    for table in tables:
        execute(f"DROP TABLE IF EXISTS bare_{table}")
        execute(f"CREATE TABLE bare_{table} (LIKE {table})")
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
