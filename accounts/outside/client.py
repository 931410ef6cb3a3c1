"""POST requests over HTTP/1.1 by libcurl: many at once, in the caller's own thread, and none of them ever twice."""

from collections import deque
from collections.abc import Callable
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

import pycurl

from accounts.outside.lines import Kept, Line, find_trust
from accounts.outside.posts import Answer, Limits, Request

Item = TypeVar("Item")
Told = TypeVar("Told")

LOOK_AGAIN: Final = 0.1
"""Seconds after which libcurl's own timers are looked at; it is not asked for them, as few run."""
TOGETHER: Final = 8
"""Requests that go out together: the rest of them waits while the caller makes the next, which may take a database."""
HELD_UP: Final = 1.0
"""Seconds for which a caller may be away; whatever is longer is not counted as waiting for answers."""


class Client(Generic[Item, Told]):
    """Asks for items what `write` makes of them, and tells what `judge` makes of the answers; a context manager.

    Where `write` already knows, it returns what is told instead of a request. Whatever it raises reaches the caller.
    Make it after a fork: connections are nobody else's.
    """

    def __init__(
        self, limits: Limits, write: Callable[[Item], Request | Told], judge: Callable[[Item, Answer], Told]
    ) -> None:
        self._write, self._judge = write, judge
        self._limits = limits
        self._patience = limits.connect_seconds + limits.answer_seconds
        self._seen, self._held_up = monotonic(), 0.0
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, limits.in_flight)
        self._kept = Kept(most=4 * limits.in_flight)
        self._trust = tuple(find_trust())
        self._free: list[Line] = []
        self._busy: dict[Any, tuple[Line, Item, float]] = {}
        self._ready: deque[tuple[Item, Request]] = deque()
        self._told: list[Told] = []

    def __enter__(self) -> "Client[Item, Told]":
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """What is in flight is let go of, and what is ready is never sent."""
        self._ready.clear()
        for line, _, _ in self._busy.values():
            self._multi.remove_handle(line.curl)
            self._free.append(line)
        for line in self._free:
            line.close()
        self._multi.close()

    def start(self, item: Item) -> None:
        """Ask as soon as there is room."""
        written = self._write(item)
        if isinstance(written, Request):
            self._ready.append((item, written))
            if self._go_on() and not len(self._busy) % TOGETHER:
                self._multi.perform()
        else:
            self._told.append(written)

    def take(self) -> list[Told]:
        """What has come; waits for the first. The room that it leaves is filled before it is told."""
        away = monotonic() - self._seen
        self._held_up += away if away > HELD_UP else 0.0
        self._multi.perform()
        self._collect()
        while not self._told and self._busy:
            if not self._multi.select(LOOK_AGAIN):
                sleep(0.001)  # select does not wait where a name is looked up and nothing else goes on
            self._multi.perform()
            self._collect()
        told, self._told = self._told, []
        self._seen = monotonic()
        return told

    def _go_on(self) -> bool:
        """Fill the room that there is; whether there was any."""
        before = len(self._busy)
        while self._ready and len(self._busy) < self._limits.in_flight:
            item, request = self._ready.popleft()
            line = self._free.pop() if self._free else Line(self._limits, self._trust, self._kept)
            line.load(request)
            self._busy[line.curl] = line, item, monotonic() - self._held_up + self._patience
            self._multi.add_handle(line.curl)
        return len(self._busy) > before

    def _collect(self) -> None:
        _, whole, broken = self._multi.info_read()
        for curl in whole:
            self._end(curl)
        again = [curl for curl, _, _ in broken if self._busy[curl][0].may_go_again()]
        for curl, code, _ in broken:
            if curl not in again:
                self._end(curl, code)
        for curl in self._overdue():
            self._end(curl, pycurl.E_OPERATION_TIMEDOUT)
        for curl in again:
            if curl in self._busy:
                self._multi.remove_handle(curl)
                self._multi.add_handle(curl)
        if again or self._ready:
            self._go_on()
            self._multi.perform()

    def _overdue(self) -> list[Any]:
        """Those whose time is over, the oldest first. All that has come is read before."""
        now, late = monotonic() - self._held_up, []
        for curl, (_, _, until) in self._busy.items():
            if until > now:
                break
            late.append(curl)
        return late

    def _end(self, curl: Any, code: int = pycurl.E_OK) -> None:
        line, item, _ = self._busy.pop(curl)
        answer = line.answer(code)
        self._multi.remove_handle(curl)
        self._free.append(line)
        self._told.append(self._judge(item, answer))
