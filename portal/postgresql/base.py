"""The backend that settings name as ENGINE; Django looks for `base.DatabaseWrapper` in it."""

import select
from collections.abc import Mapping
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


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
