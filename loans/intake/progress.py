"""How far the reading of a long file is, on a terminal."""

import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, TypeVar

from django.core.management.base import OutputWrapper

Item = TypeVar("Item")
_SECONDS: Final = 0.5
_CLEAR_LINE: Final = "\r\x1b[K"


def shown(records: Iterable[Item], content: BinaryIO, total: int, terminal: OutputWrapper) -> Iterator[Item]:
    """The same records; meanwhile, twice a second, the terminal says how much of `total` bytes of `content` is read."""
    if not terminal.isatty():
        yield from records
        return
    next_at = time.monotonic() + _SECONDS
    for count, record in enumerate(records, 1):
        yield record
        if time.monotonic() >= next_at:
            done = min(content.tell() / max(total, 1), 1)
            terminal.write(f"{_CLEAR_LINE}{done:4.0%}  {count:,} records", str, "")
            terminal.flush()
            next_at = time.monotonic() + _SECONDS
    terminal.write(_CLEAR_LINE, str, "")
    terminal.flush()
