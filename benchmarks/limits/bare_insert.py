"""The limit of whatever writes rows: INSERT … SELECT of the very rows that ours wrote, into tables without indexes; and
what is left of it with the product's indexes: the most that one connection could reach if it found a plan for nothing.
"""

from collections.abc import Sequence

from django.db import transaction

from benchmarks.measure import Trial, expect, timed
from benchmarks.tables import checkpoint, count, execute


def insert_bare(n: int, tables: Sequence[str]) -> Trial:
    """Copy all rows of `tables`, which hold what ours has written for `n`, in one transaction."""
    return _insert(n, tables, "")


def insert_indexed(n: int, tables: Sequence[str]) -> Trial:
    """The same into tables with the indexes that those have, and no triggers or foreign keys."""
    return _insert(n, tables, "INCLUDING INDEXES")


def _insert(n: int, tables: Sequence[str], including: str) -> Trial:
    for table in tables:
        execute(f"DROP TABLE IF EXISTS bare_{table}")
        execute(f"CREATE TABLE bare_{table} (LIKE {table} {including})")
    checkpoint()
    trial = timed(n, lambda: _copy(tables))
    for table in tables:
        expect(f"rows of {table} in the bare copy", count(table), count(f"bare_{table}"))
        execute(f"DROP TABLE bare_{table}")
    return trial


@transaction.atomic
def _copy(tables: Sequence[str]) -> None:
    for table in tables:
        execute(f"INSERT INTO bare_{table} SELECT * FROM {table}")
