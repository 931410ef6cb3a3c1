"""A lock that lives as long as its worker: the database lets go of it when the worker's connection ends, however."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

IS_HELD: Final = """EXISTS (
    SELECT 1 FROM pg_locks
    WHERE pg_locks.locktype = 'advisory' AND pg_locks.objsubid = 1
      AND (pg_locks.classid::bigint << 32 | pg_locks.objid::bigint) = {key})"""
"""SQL: whether a worker that holds the lock of this key (a column) still lives."""


@contextmanager
def worker_lock() -> Iterator[int]:
    """Hold a lock of one's own while working; yields its key, 62 random bits, for the rows that are claimed."""
    key = secrets.randbits(62)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield key
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
