"""Mails by BDAT, a window after another.

While a window is unanswered the next one is gathered, for mails take their time to come; it is written, and only then
are the replies to the one before read. So nobody waits for them, and at most two windows are in doubt. A connection's
first mail goes alone and is answered before another goes: what the server makes of it touches no other.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from notifications.channels.base import Outcome
from notifications.channels.smtp_access import Access
from notifications.channels.smtp_commands import Mail
from notifications.channels.smtp_line import Chunks, Line
from notifications.channels.smtp_window import Window

MAILS: Final = 8
OCTETS: Final = 256 * 1024
"""What a window holds at most, unless one mail alone is more."""


class InWindows:
    """What a server does not come to before it hangs up goes out again over the next connection."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._waiting: deque[Mail] = deque()
        self._octets = 0
        self._unread: deque[Window] = deque()

    def take(self, mail: Mail) -> Iterator[Outcome]:
        """What became known meanwhile of this mail or earlier ones."""
        self._put(mail)
        while self._access.takes_chunks and (len(self._waiting) >= self._most or self._octets > OCTETS):
            yield from self._send()

    def finish(self) -> Iterator[Outcome]:
        """What became of all that were taken and of which nothing was said yet, but for those to be handed back."""
        while self._waiting or self._unread:
            if self._waiting and self._access.takes_chunks:
                yield from self._send()
            elif self._unread:
                yield from self._read()
            else:
                return

    def read_what_was_sent(self) -> Iterator[Outcome]:
        """What became of those that went out; nothing more goes out."""
        while self._unread:
            yield from self._read()

    def hand_back(self) -> list[Mail]:
        """Those that wait and cannot go this way, none of which the server has taken."""
        waiting = list(self._waiting)
        self._waiting.clear()
        self._octets = 0
        return waiting

    @property
    def _most(self) -> int:
        connection = self._access.connect()
        return MAILS if connection and connection.chunks is Chunks.TAKEN else 1

    def _put(self, mail: Mail) -> None:
        self._waiting.append(mail)
        self._octets += len(mail.content)

    def _cut(self) -> Iterator[Mail]:
        """The next window's mails."""
        octets = 0
        for _ in range(min(self._most, len(self._waiting))):
            octets += len(self._waiting[0].content)
            if octets > OCTETS and octets > len(self._waiting[0].content):
                return
            self._octets -= len(self._waiting[0].content)
            yield self._waiting.popleft()

    def _send(self) -> Iterator[Outcome]:
        yield from self._write()
        while self._unread and (len(self._unread) > 1 or not self._may_stay_unread(self._unread[0].line)):
            yield from self._read()

    @staticmethod
    def _may_stay_unread(line: Line) -> bool:
        return line.usable and line.chunks is Chunks.TAKEN

    def _write(self) -> Iterator[Outcome]:
        """The connection may be another than when they were gathered, and unable to take one of them."""
        line: Line | None = None
        able: list[Mail] = []
        for mail in self._cut():
            connection = self._access.connect_for(mail)
            if isinstance(connection, Outcome):
                yield connection
            else:
                line = connection
                able.append(mail)
        if line:
            self._unread.append(Window(line, able))

    def _read(self) -> Iterator[Outcome]:
        window = self._unread.popleft()
        for mail, outcome in window.read():
            if outcome is None:
                self._put(mail)
            else:
                yield outcome
        self._access.look_after(window.line)
