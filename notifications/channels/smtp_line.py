"""An open connection to a mail server: what goes out, and the replies that come in."""

import re
import smtplib
from enum import Enum, auto
from time import monotonic
from typing import Final

from notifications.channels.base import Outcome, Result
from notifications.channels.smtp_commands import Abilities, Mail
from notifications.channels.smtp_replies import CLOSING, FAULTS, GOODBYE, name_fault

RECORD: Final = 16 * 1024
"""Octets that TLS sends as one (RFC 8446, 5.1)."""
LINE_AT_MOST: Final = 8192
LINES_AT_MOST: Final = 100
"""Of a reply, and its octets a line; RFC 5321 knows none above 512."""


class Chunks(Enum):
    """What a server that announces CHUNKING has made of it."""

    UNTRIED = auto()
    TAKEN = auto()
    REFUSED = auto()
    """It does not know BDAT after all, or has taken a content for commands."""


class Ending(Enum):
    """What the end of a connection says of the mails that were not answered."""

    ANNOUNCED = auto()
    """The server said 421 (RFC 5321, 3.8). It has not come to them, if that was its last word."""
    HUNG_UP = auto()
    """It was."""
    UNEXPLAINED = auto()
    """It may have taken them."""


class Line:
    """Takes what is written while it is `usable`, and has replies to read until it has an `ending`.

    `unread` counts what was sent and whose replies nobody has read yet.
    """

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server
        self._asked_for_content = False
        self.abilities = Abilities.of(server)
        self.chunks = Chunks.UNTRIED
        self.unread = 0
        self.usable = True
        self.ending: Ending | None = None

    @property
    def takes_chunks(self) -> bool:
        """Whether whole mails may go out with nothing awaited in between."""
        return self.abilities.pipelining and self.abilities.chunking and self.chunks is not Chunks.REFUSED

    @property
    def pipelines(self) -> bool:
        return self.abilities.pipelining

    @property
    def takes_eight_bits(self) -> bool:
        return self.abilities.eight_bits

    def can_reach(self, mail: Mail) -> bool:
        return self.abilities.other_letters or not mail.recipient.needs_smtputf8

    def can_take(self, mail: Mail) -> bool:
        return self.can_reach(mail) and (self.abilities.eight_bits or not mail.needs_eight_bits)

    def write(self, octets: bytes) -> tuple[int, Exception | None]:
        """How many octets went out, and what kept the others back; nothing may be written after a part.

        Each part has the whole time-out, where smtplib's `send` has one for all of them: a server that is slow to take
        the mails before must not bring a whole window in doubt. No part is more than a record of TLS, of which `send`
        gives its size or raises: of a larger part nobody would know how much the server has read.
        """
        sent, view, socket = 0, memoryview(octets), self._server.sock
        if socket is None:
            self.usable = False
            return sent, smtplib.SMTPServerDisconnected("not connected")
        try:
            while sent < len(octets):
                sent += socket.send(view[sent : sent + RECORD])
        except FAULTS as error:
            self.usable = False
            return sent, error
        return sent, None

    def close(self) -> None:
        """Say goodbye, unless the server would take the word for the content that it waits for, or has not answered."""
        try:
            if self.usable and not self._asked_for_content and not self.unread:
                self._server.quit()
        except FAULTS:
            self.usable = False
        finally:
            self._server.close()

    def read(self) -> tuple[int, bytes]:
        """The next reply's code and text. Raises what `FAULTS` names."""
        try:
            code, reply = self._read_reply()
        except FAULTS:
            self._end(Ending.UNEXPLAINED)
            raise
        if code in CLOSING:
            self._end(Ending.ANNOUNCED if code == GOODBYE else Ending.UNEXPLAINED)
        return code, reply

    def read_if(self, expected: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """The next replies, where they have come and are as expected; else None, and nothing of them has been taken.

        Raises what `FAULTS` names. Four replies in one look cost a quarter of what four times `read` costs.
        """
        replies = self._server.file
        if not replies:
            return None
        try:
            found = expected.match(replies.peek())
            if found:
                replies.read(found.end())
        except FAULTS:
            self._end(Ending.UNEXPLAINED)
            raise
        return found

    def _read_reply(self) -> tuple[int, bytes]:
        """RFC 5321, 4.2.1. smtplib's own took a tenth of all its time, and a line that broke off for a whole one.

        The code is -1 where there is none. The lines of a reply have the time-out together.
        """
        replies, text, until = self._server.file, list[bytes](), 0.0
        while replies and len(text) < LINES_AT_MOST:
            line = replies.readline(LINE_AT_MOST)
            if not line.endswith(b"\n"):
                raise smtplib.SMTPServerDisconnected("the connection ended within a reply")
            text.append(line[4:].strip())
            if line[3:4] != b"-":
                return int(line[:3]) if line[:3].isdigit() else -1, b"\n".join(text)
            until = until or monotonic() + self._server.timeout
            if monotonic() > until:
                raise TimeoutError("a reply takes too long")
        raise smtplib.SMTPServerDisconnected("no end of a reply")

    def see_out(self) -> None:
        """After its goodbye: whether the server has hung up, or says more, or leaves us waiting."""
        try:
            last = not (self._server.file and self._server.file.peek())
        except TimeoutError:
            last = False
        except FAULTS:
            last = True
        self.ending = Ending.HUNG_UP if last else Ending.UNEXPLAINED

    def refuse_chunks(self) -> None:
        """The server has made nothing of one and may be reading it as commands; nothing more is believed of it."""
        self.chunks = Chunks.REFUSED
        self._end(Ending.UNEXPLAINED)

    def lose(self, mail: Mail, error: Exception) -> Outcome:
        """Nothing of its content has gone out."""
        self.usable = False
        reason = f"connection lost before the message was sent: {name_fault(error)}"
        return Outcome(mail.reference, Result.TEMPORARY, reason=reason)

    def doubt(self, mail: Mail) -> Outcome:
        """Its content may have gone out whole."""
        self.usable = False
        return Outcome(mail.reference, Result.UNKNOWN, reason="no answer after the message was sent")

    def _end(self, ending: Ending) -> None:
        self.usable = False
        self.ending = ending
