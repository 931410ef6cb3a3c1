"""How far a long run is, on a terminal."""

import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from django.core.management.base import OutputWrapper

Item = TypeVar("Item")
_SECONDS: Final = 0.5
_CLEAR_LINE: Final = "\r\x1b[K"


def counted(items: Iterable[Item], total: int, noun: str, terminal: OutputWrapper) -> Iterator[Item]:
    """The same items; meanwhile, twice a second, the terminal says how many of `total` are done."""
    if not terminal.isatty():
        yield from items
        return
    next_at = time.monotonic() + _SECONDS
    for number, item in enumerate(items, 1):
        yield item
        if time.monotonic() >= next_at:
            terminal.write(f"{_CLEAR_LINE}{min(number / max(total, 1), 1):4.0%}  {number:,} {noun}", str, "")
            terminal.flush()
            next_at = time.monotonic() + _SECONDS
    terminal.write(_CLEAR_LINE, str, "")
    terminal.flush()
