"""What PostgreSQL knows of how many rows there are, brought up to date where it is far behind."""

from collections.abc import Sequence
from typing import Final

from django.db import connection

# Never looked at, or more than twice as large as when it was. Sizes are those of this very moment, also of what this
# transaction has written. A table that somebody else looks at is left to them.
_REFRESH: Final = """
DO $$
DECLARE outgrown regclass; usual text := current_setting('default_statistics_target');
BEGIN
    PERFORM set_config('default_statistics_target', COALESCE({target}, usual), false);
    FOR outgrown IN
        SELECT oid FROM pg_class
        WHERE oid = ANY('{{{tables}}}'::regclass[]) AND pg_relation_size(oid) > 0
          AND (reltuples < 0 OR pg_relation_size(oid) > 2 * relpages::bigint * current_setting('block_size')::int)
    LOOP
        EXECUTE 'ANALYZE (SKIP_LOCKED) ' || outgrown;
    END LOOP;
    PERFORM set_config('default_statistics_target', usual, false);
END $$
"""
ROUGHLY: Final = 10
"""A target of so much reads three thousand rows, a tenth of what the usual one does."""


def refresh(tables: Sequence[str], *, target: int | None = None) -> None:
    """Have those of `tables` analysed that have outgrown their statistics.

    A file of thousands of loans is planned in the second after its import, and autovacuum comes once a minute. For
    tables that it takes to be empty the database joins row by row: a plan then costs the square of its size, and with
    ten thousand installments outlives the time limit of its task. A role that does not own the tables may not do this
    (PostgreSQL warns and goes on).

    `target` takes the place of `default_statistics_target`, where rough figures do.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(tables=",".join(tables), target=f"'{target}'" if target else "NULL"))
