"""The bytes of an event that are sealed: one line of JSON, written by the database and by nothing else.

Sealing, verifying and packing read the same expression, so none of them can see an event differently from the others.
`at_utc` is the moment in UTC, `data` the text of the jsonb value, whose keys are in PostgreSQL's own fixed order.
Neither depends on a setting of the session. A line holds no line break: JSON escapes them, and a kind is a plain word.
One `format` costs half of what as many concatenations do.
"""

from collections import deque
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from typing import Final

from django.db import connection

_LINE: Final = """
format('{"id":%%s,"at_utc":%%s,"kind":"%%s","borrower":%%s,"installment":%%s,"prompt":%%s,"delivery":%%s,"actor":%%s,'
       '"data":%%s}',
       event.id, to_json(event.at AT TIME ZONE 'UTC'), event.kind, event.borrower_id,
       COALESCE(event.installment_id::text, 'null'), COALESCE(event.prompt_id::text, 'null'),
       COALESCE(event.delivery_id::text, 'null'), COALESCE(event.actor_id::text, 'null'), event.data)
"""
_RANGE: Final = f"""
SELECT event.id, {_LINE} FROM notifications_noticeevent AS event
WHERE event.id > %s AND event.id <= %s ORDER BY event.id LIMIT %s
"""  # noqa: S608 - nothing of it comes from outside
_THESE: Final = f"""
SELECT event.id, {_LINE} FROM notifications_noticeevent AS event WHERE event.id = ANY(%s) ORDER BY event.id
"""  # noqa: S608
BELOW_ALL: Final = -(2**63)
"""Below the id of any event, also of one that was smuggled in below the first."""
CHUNK: Final = 1000
"""Rows that arrive together. The server writes the next ones while these are hashed."""

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


def read_events(ids: Collection[int]) -> list[Row]:
    """These events in the order of their ids; one that does not exist is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_THESE, [list(ids)])
        return list(cursor.fetchall())
