"""Mails by BDAT, a window after another.

While a window is unanswered the next one is gathered, for mails take their time to come; it is written, and only then
are the replies to the one before read. So nobody waits for them, and at most two windows are in doubt.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from notifications.channels.base import Outcome, Result
from notifications.channels.smtp_access import Access
from notifications.channels.smtp_commands import Mail
from notifications.channels.smtp_line import Line
from notifications.channels.smtp_window import Window

MAILS: Final = 8
OCTETS: Final = 256 * 1024
"""What a window holds at most, unless one mail alone is more."""


class InWindows:
    """Mails that it could not send by BDAT, none of which the server has taken, are given by `hand_back`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._gathered: list[Mail] = []
        self._octets = 0
        self._unread: deque[Window] = deque()
        self._returned: list[Mail] = []

    def take(self, mail: Mail) -> Iterator[Outcome]:
        """What became known meanwhile of earlier ones."""
        if self._gathered and self._octets + len(mail.content) > OCTETS:
            yield from self._send()
        self._gathered.append(mail)
        self._octets += len(mail.content)
        if len(self._gathered) >= MAILS:
            yield from self._send()

    def finish(self) -> Iterator[Outcome]:
        """What became of all that were taken and of which nothing was said yet, but for those to be handed back."""
        if self._gathered:
            yield from self._send()
        yield from self.read_what_was_sent()

    def read_what_was_sent(self) -> Iterator[Outcome]:
        """The same of those that went out; nothing more goes out."""
        while self._unread:
            line = self._unread[0].line
            yield from self._read()
            if self._access.without_chunks and not self._unread:
                self._access.leave(line)

    def hand_back(self) -> list[Mail]:
        """Those that are to be sent another way, each once."""
        returned, self._returned = self._returned, []
        return returned

    def give_up(self) -> Iterator[Outcome]:
        """Those that were to be handed back, where nothing more goes out."""
        for mail in self.hand_back():
            yield Outcome(mail.reference, Result.TEMPORARY, reason="mail server announces BDAT and does not take it")

    def _send(self) -> Iterator[Outcome]:
        mails, self._gathered, self._octets = self._gathered, [], 0
        if self._access.takes_chunks:
            yield from self._write(mails)
        else:
            self._returned += mails
        while len(self._unread) > 1 or (self._unread and not self._unread[0].line.usable):
            yield from self._read()

    def _write(self, mails: list[Mail]) -> Iterator[Outcome]:
        """The connection may be another than when they were gathered, and unable to take one of them."""
        line: Line | None = None
        able: list[Mail] = []
        for mail in mails:
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
            self._access.look_after(window.line)
            if outcome is None:
                self._returned.append(mail)
            else:
                yield outcome
