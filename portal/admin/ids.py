"""Ids of rows as a form or an address brings them."""

from typing import Final

LONGEST_ID: Final = 18
"""Digits: a bigint has no more, and the database would refuse a longer one with a fault."""


def read_id(text: str) -> int | None:
    """The id that `text` is; None for anything else, whatever its length."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID else None
