"""The bytes of an event that are sealed: one line of JSON, written by the database and by nothing else.

Sealing, verifying and packing read the same expression, so none of them can see an event differently from the others.
`at_utc` is the moment in UTC, `data` the text of the jsonb value, whose keys are in PostgreSQL's own fixed order.
Neither depends on a setting of the session. A line holds no line break: JSON escapes them, and a kind is a plain word.
One `format` costs half of what as many concatenations do.
"""

from collections import deque
from collections.abc import Collection, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Final, cast

import psycopg
from django.db import connection

_LINE: Final = """
format('{"id":%%s,"at_utc":%%s,"kind":"%%s","borrower":%%s,"installment":%%s,"prompt":%%s,"delivery":%%s,"actor":%%s,'
       '"data":%%s}',
       event.id::text, to_json(event.at AT TIME ZONE 'UTC')::text, event.kind::text, event.borrower_id::text,
       COALESCE(event.installment_id::text, 'null'), COALESCE(event.prompt_id::text, 'null'),
       COALESCE(event.delivery_id::text, 'null'), COALESCE(event.actor_id::text, 'null'), event.data::text)
"""
_RANGE: Final = f"""
SELECT event.id, {_LINE} FROM notifications_noticeevent AS event
WHERE event.id > %s AND event.id <= %s ORDER BY event.id LIMIT %s
"""  # noqa: S608 - nothing of it comes from outside
_THESE: Final = f"""
SELECT event.id, {_LINE} FROM notifications_noticeevent AS event WHERE event.id = ANY(%s) ORDER BY event.id
"""  # noqa: S608
_BATCHES: Final = f"""
WITH RECURSIVE batch AS (
    SELECT 0::bigint AS first_id, %(after)s::bigint AS last_id, %(size)s::bigint AS count, 0::bigint AS total,
           NULL::bytea AS lines
    UNION ALL
    SELECT next.first_id, next.last_id, next.count, batch.total + next.count, next.lines
    FROM batch CROSS JOIN LATERAL (
        SELECT min(line.id) AS first_id, max(line.id) AS last_id, count(*) AS count,
               string_agg(line.bytes, '\\x00'::bytea ORDER BY line.id) AS lines
        FROM (SELECT event.id, convert_to({_LINE}, 'UTF8') AS bytes FROM notifications_noticeevent AS event
              WHERE event.id > batch.last_id AND event.id <= %(until)s::bigint
              ORDER BY event.id LIMIT least(%(size)s::bigint, %(limit)s::bigint - batch.total)) AS line) AS next
    WHERE batch.count = %(size)s::bigint AND next.count > 0)
SELECT first_id, last_id, lines FROM batch WHERE lines IS NOT NULL
"""  # noqa: S608
_KEEP_IN_MEMORY: Final = "SET LOCAL work_mem = '64MB'"
"""Of 50,000 events the lines are some 10 MB; through a file on the disk they took a fifth longer to read."""
BELOW_ALL: Final = -(2**63)
"""Below the id of any event, also of one that was smuggled in below the first."""
CHUNK: Final = 1000
"""Rows that arrive together. The server writes the next ones while these are hashed."""

Batch = tuple[int, int, bytes]
"""The first and the last id of some events that follow each other, and their lines with END between two of them."""
END: Final = b"\x00"
"""No text of PostgreSQL holds it, so that whatever was smuggled into a row stays within its line."""
Row = tuple[int, str]
"""The id of an event and its line; what is hashed are the line's bytes in UTF-8."""


@contextmanager
def read_range(after: int, until: int, limit: int | None = None) -> Iterator[Iterator[Row]]:
    """The events with `after` < id <= `until` in the order of their ids, at most `limit`. Inside the block the
    connection serves nothing else.
    """
    connection.ensure_connection()
    with (
        connection.connection.cursor() as cursor,
        closing(cursor.stream(_RANGE, [after, until, limit], size=CHUNK)) as rows,
    ):
        yield rows
        deque(rows, maxlen=0)  # a query that is broken off would fail the transaction around it


@contextmanager
def read_batches(after: int, until: int, size: int, limit: int) -> Iterator[Iterator[Batch]]:
    """The same events, at most `limit`, in batches of `size`, the last of what is left. Inside the block the connection
    serves nothing else.

    A batch arrives as one value: as a row each, reading the lines took longer than hashing them. The server writes the
    next batch while one is hashed.
    """
    connection.ensure_connection()
    with connection.cursor() as setting:
        setting.execute(_KEEP_IN_MEMORY)
    asked = {"after": after, "until": until, "size": size, "limit": limit}
    with (
        psycopg.Cursor(connection.connection) as cursor,  # Django's own cannot take bytes as they are
        closing(cast("Generator[Batch]", cursor.stream(_BATCHES, asked, binary=True))) as batches,
    ):
        yield batches
        deque(batches, maxlen=0)


def read_events(ids: Collection[int]) -> list[Row]:
    """These events in the order of their ids; one that does not exist is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_THESE, [list(ids)])
        return list(cursor.fetchall())
