"""Several mails in one write, each with its content in one chunk (RFC 3030), answered later and in order (RFC 2920)."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from notifications.channels.base import Outcome
from notifications.channels.smtp_commands import Mail, write_in_one_chunk
from notifications.channels.smtp_line import Chunks, Line
from notifications.channels.smtp_replies import (
    EXPECTED,
    FAULTS,
    NO_SUCH_COMMAND,
    Step,
    judge_message,
    judge_refusal,
)

BEFORE_THE_CHUNK: Final = {
    Step.RESET: frozenset({250}),
    Step.SENDER: EXPECTED[Step.SENDER],
    Step.RECIPIENT: EXPECTED[Step.RECIPIENT],
}


class Window:
    """Sent when it is made. Read it once, after the windows before it on the same line."""

    def __init__(self, line: Line, mails: Sequence[Mail]) -> None:
        self.line = line
        self._mails = mails
        written = [write_in_one_chunk(mail, line.abilities) for mail in mails]
        self._sent, self._fault = line.write(b"".join(written))
        self._begins = accumulate(map(len, written), initial=0)
        line.unread += 1

    def read(self) -> Iterator[tuple[Mail, Outcome | None]]:
        """Each mail and what became of it. None: the server does not know BDAT after all, and has not taken it."""
        for mail, begin in zip(self._mails, self._begins, strict=False):
            if self._fault and begin >= self._sent:
                yield mail, self.line.lose(mail, self._fault)
            elif self._fault or not self.line.usable:
                yield mail, self._leave_open(mail)
            else:
                yield mail, self._read_replies(mail)
        self.line.unread -= 1

    def _read_replies(self, mail: Mail) -> Outcome | None:
        """To RSET, MAIL, RCPT and BDAT; the first refusal counts, the others follow from it."""
        refused: Outcome | None = None
        try:
            for step, expected in BEFORE_THE_CHUNK.items():
                code, reply = self.line.read()
                if code in expected:
                    continue
                if step is Step.RESET and self.line.usable:
                    return self._fall_out_of_step(mail)
                if code > 0 and refused is None:
                    refused = judge_refusal(mail.reference, step, code, reply)
                if not self.line.usable:
                    return refused or self._leave_open(mail)
            code, reply = self.line.read()
        except FAULTS:
            self.line.usable = False
            return refused or self._leave_open(mail)
        return refused or self._judge_chunk(mail, code, reply)

    def _fall_out_of_step(self, mail: Mail) -> Outcome | None:
        """Only RSET is always answered by 250. Some servers do not pass over the octets of a chunk that they refuse,
        but read them as commands: this reply is then to a line of a content, and nobody knows what the others are to.
        """
        if self.line.chunks is not Chunks.REFUSED:
            self.line.chunks = Chunks.MISREAD
        return self._leave_open(mail)

    def _judge_chunk(self, mail: Mail, code: int, reply: bytes) -> Outcome | None:
        if code == 250:
            self.line.chunks = Chunks.TAKEN
        elif code in NO_SUCH_COMMAND and self.line.chunks is not Chunks.TAKEN:
            self.line.chunks = Chunks.REFUSED
            return None
        return judge_message(mail.reference, code, reply)

    def _leave_open(self, mail: Mail) -> Outcome | None:
        """No answer to what went out whole or in part. A server that knows no BDAT has taken none of it."""
        in_doubt = self.line.doubt(mail)
        return None if self.line.chunks is Chunks.REFUSED else in_doubt
