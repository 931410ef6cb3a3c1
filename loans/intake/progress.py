"""How far the reading of a long file is, on a terminal."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final, Protocol, TypeVar

Item = TypeVar("Item")
_SECONDS: Final = 0.5
_CLEAR_LINE: Final = "\r\x1b[K"


class Terminal(Protocol):
    """Where progress is written; what is no terminal gets none."""

    def write(self, msg: str, style_func: Callable[[str], str], ending: str) -> None: ...
    def flush(self) -> None: ...
    def isatty(self) -> bool: ...


def shown(records: Iterable[Item], content: BinaryIO, total: int, terminal: Terminal) -> Iterator[Item]:
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
