"""Counts what strangers can cause, without letting them cause a write each time."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, NamedTuple

EVERY: Final = timedelta(seconds=1)
"""A process writes so often at most about one thing: whoever posts nonsense makes one UPDATE a second."""
_MOST_KEYS: Final = 1_000
"""What else could fill the memory are invented names."""


class Left(NamedTuple):
    """How often something happened since it was last written, and what was said of the last time."""

    times: int
    said: Any


_NONE: Final = Left(0, None)


class Tally:
    """How often each thing happened in this process since it was last written down. Safe to share among threads.

    What is left when nothing more happens is written by whoever asks for it (`left`). Where nobody does, and where a
    process is killed, it is lost: the numbers written are "at least".
    """

    def __init__(self) -> None:
        self._seen: dict[Hashable, tuple[datetime, Left]] = {}
        self._counting = Lock()

    def due(self, key: Hashable, now: datetime, said: Any = None) -> int:
        """It happened once more: how many are to be written now, 0 where it is too early. `said` is kept for `left`."""
        with self._counting:
            last, since = self._seen.get(key, (None, _NONE))
            if last is not None and last <= now < last + EVERY:
                self._seen[key] = (last, Left(since.times + 1, said))
                return 0
            if len(self._seen) >= _MOST_KEYS:
                self._seen.clear()
            self._seen[key] = (now, _NONE)
            return since.times + 1

    def left(self, now: datetime, *, everything: bool = False) -> dict[Hashable, Left]:
        """What happened since it was last written and may be written now, or all of it; written from here on."""
        with self._counting:
            found = {
                key: since
                for key, (last, since) in self._seen.items()
                if since.times and (everything or not last <= now < last + EVERY)
            }
            self._seen.update((key, (now, _NONE)) for key in found)
            return found

    def forget(self) -> None:
        """Count as a process that has just begun."""
        with self._counting:
            self._seen.clear()
