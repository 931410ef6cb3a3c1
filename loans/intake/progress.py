"""How far a long run is, on a terminal."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final, TypeVar

from django.core.management.base import OutputWrapper

Item = TypeVar("Item")
_SECONDS: Final = 0.5
_CLEAR_LINE: Final = "\r\x1b[K"


def shown(records: Iterable[Item], content: BinaryIO, total: int, terminal: OutputWrapper) -> Iterator[Item]:
    """The same records; meanwhile, twice a second, the terminal says how much of `total` bytes of `content` is read."""
    return _told(records, lambda count: f"{_part(content.tell(), total)}  {count:,} records", terminal)


def counted(items: Iterable[Item], total: int, noun: str, terminal: OutputWrapper) -> Iterator[Item]:
    """The same items; meanwhile, twice a second, the terminal says how many of `total` are done."""
    return _told(items, lambda count: f"{_part(count, total)}  {count:,} {noun}", terminal)


def _told(items: Iterable[Item], describe: Callable[[int], str], terminal: OutputWrapper) -> Iterator[Item]:
    if not terminal.isatty():
        yield from items
        return
    next_at = time.monotonic() + _SECONDS
    for count, item in enumerate(items, 1):
        yield item
        if time.monotonic() >= next_at:
            terminal.write(f"{_CLEAR_LINE}{describe(count)}", str, "")
            terminal.flush()
            next_at = time.monotonic() + _SECONDS
    terminal.write(_CLEAR_LINE, str, "")
    terminal.flush()


def _part(done: int, total: int) -> str:
    return f"{min(done / max(total, 1), 1):4.0%}"
