"""The backend that settings name as ENGINE; Django looks for `base.DatabaseWrapper` in it."""

import re
import select
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, cast

import psycopg
from django.db import connection as default_connection
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg_pool import ConnectionPool

_PARAMETER: Final = re.compile(r"%\((\w+)\)s|%%")


class DatabaseWrapper(base.DatabaseWrapper):
    """Finds out that a pooled connection has died when it is taken, not by the request that uses it.

    Django's own check (CONN_HEALTH_CHECKS) is a query each time: of a page that makes four, and of a receipt that makes
    one, a fifth and half. A server that has gone, or has ended the session, has closed the socket or said so on it; a
    connection on which nothing waits to be read is as good as one that has answered a moment ago.
    """

    def get_new_connection(self, conn_params: Mapping[str, Any]) -> "psycopg.Connection[Any]":
        connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        while self.pool is not None and not is_alive(connection):
            connection.close()
            self.pool.putconn(connection)  # which replaces it
            connection = super().get_new_connection(conn_params)
        return connection

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor whose statements the server keeps ready, once a connection has asked the same one a few times. Their
        parameters have names.

        Django's own sends each statement with its values in it, and has it planned anew.
        """
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = NumberingCursor(self.connection)
            wrapped: CursorWrapper = self._prepare_cursor(cursor)  # type: ignore[attr-defined]
        return wrapped


class NumberingCursor(base.CursorMixin, psycopg.RawCursor[Any]):
    """psycopg's, which reads nothing in a statement: finding the parameters of a long one takes 0.1 ms each time.
    It is given them numbered, as the server does; that is done once for each statement of ours.
    """

    def execute(self, query: str, params: Mapping[str, Any], **options: Any) -> Any:  # type: ignore[override]
        numbered, names = _number(query)
        return super().execute(numbered, [params[name] for name in names], **options)


def is_alive(connection: "psycopg.Connection[Any]") -> bool:
    """Whether a connection that nobody uses can be used. One on which something waits to be read is asked."""
    if connection.closed:
        return False
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if not waiting.poll(0):
        return True
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True


def ask(statement: str, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row of a statement that is asked often: it is planned once a connection, not each time."""
    with cast("DatabaseWrapper", default_connection).prepared_cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


@lru_cache(maxsize=64)  # our own statements, none of which is made of what somebody has sent
def _number(statement: str) -> tuple[str, list[str]]:
    """The statement with `$1` for its first parameter and so on, and the names of the parameters."""
    names: list[str] = []

    def place(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PARAMETER.sub(place, statement), names
