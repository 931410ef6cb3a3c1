"""Statements that a sending asks block by block: a connection has them planned once, and not each time."""

from typing import Protocol, cast

from django.db import connection
from django.db.backends.utils import CursorWrapper


class _Preparing(Protocol):
    def prepared_cursor(self) -> CursorWrapper: ...


def prepared_cursor() -> CursorWrapper:
    """A cursor for statements whose text stays the same; their parameters have names. Planning those of a block anew
    took 12 µs a mail.
    """
    return cast("_Preparing", connection).prepared_cursor()
