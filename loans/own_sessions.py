"""Whether a connection has a session of its own on the server, which the lock of a worker needs.

A pooler in transaction mode hands a connection's session to whoever asks next: locks of a session (loans.worker_lock)
are then held by nobody in particular, and work that another still does is taken for abandoned.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Any, Final, cast

import psycopg
from django.db import connection

Connect = Callable[[], "psycopg.Connection[Any]"]
_ROUNDS: Final = 3
_PID: Final = "SELECT pg_backend_pid()"
_WHY: Final = (
    "The database is behind a pooler that shares sessions (PgBouncer: pool_mode = transaction or statement). Workers "
    "hold locks of their sessions: give them a DATABASE_URL that leads to PostgreSQL itself, or to a pool with "
    "pool_mode = session."
)


class SharedSessionError(Exception):
    """Connections share sessions. The text says what an operator has to change."""


def connect_alone() -> "psycopg.Connection[Any]":
    """A connection beside Django's, in autocommit and outside its pool: a process that forks later keeps none of it.

    Raises psycopg.OperationalError where the database does not answer within five seconds.
    """
    parameters = {**connection.get_connection_params(), "connect_timeout": 5}
    return psycopg.connect(**cast("Any", parameters), autocommit=True)


def check_sessions(connect: Connect = connect_alone) -> None:
    """Raises SharedSessionError where a session is not one's own; psycopg.OperationalError without an answer.

    While one connection's transaction is open, the other must still be served by the process that served it before.
    """
    with closing(connect()) as first, closing(connect()) as second:
        try:
            shared = any(_is_shared(first, second) for _round in range(_ROUNDS))
        except psycopg.errors.ProtocolViolation:  # PgBouncer's answer to a transaction in mode statement
            shared = True
    if shared:
        raise SharedSessionError(_WHY)


def _is_shared(first: "psycopg.Connection[Any]", second: "psycopg.Connection[Any]") -> bool:
    before = _server(first)
    with second.transaction():
        # Asked in this order: a pooler that has one session alone would let the first wait for the second.
        return _server(second) == before or _server(first) != before


def _server(session: "psycopg.Connection[Any]") -> int:
    """The process of PostgreSQL that serves the next statement."""
    row = session.execute(_PID).fetchone()
    return int(row[0]) if row else 0
