"""Several mails in one write, each with its content in one chunk (RFC 3030), answered later and in order (RFC 2920)."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

from notifications.channels.base import Outcome
from notifications.channels.smtp_commands import Mail, write_in_one_chunk
from notifications.channels.smtp_line import Chunks, Ending, Line
from notifications.channels.smtp_replies import (
    EXPECTED,
    FAULTS,
    NO_SUCH_COMMAND,
    REFUSALS,
    Step,
    judge_message,
    judge_refusal,
)

ALL_WELL: Final = re.compile(rb"250 [^\n]*\n250 [^\n]*\n25[01] [^\n]*\n250 ([^\n]*)\n")
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
        self._bounds = list(pairwise(accumulate(map(len, written), initial=0)))
        self._sent, self._fault = line.write(b"".join(written))
        line.unread += 1

    def read(self) -> Iterator[tuple[Mail, Outcome | None]]:
        """Each mail and what became of it. None: the server has not come to it, or does not know BDAT after all."""
        for mail, (begin, end) in zip(self._mails, self._bounds, strict=True):
            if begin >= self._sent:
                yield mail, None
            elif self._fault and end > self._sent:
                # The server was told how many octets to wait for: it takes no fewer.
                yield mail, self.line.lose(mail, self._fault)
            else:
                yield mail, self._read_replies(mail)
        self.line.unread -= 1

    def _read_replies(self, mail: Mail) -> Outcome | None:
        """To RSET, MAIL, RCPT and BDAT; the first refusal counts, the others follow from it."""
        refused: Outcome | None = None
        try:
            if not self.line.ending and (all_well := self.line.read_if(ALL_WELL)):
                self.line.chunks = Chunks.TAKEN
                return judge_message(mail.reference, 250, all_well[1])
            for step, expected in BEFORE_THE_CHUNK.items():
                if self.line.ending:
                    return refused or self._leave_open(mail)
                code, reply = self.line.read()
                if code in expected:
                    continue
                if not self.line.ending and (step is Step.RESET or code not in REFUSALS):
                    return self._fall_out_of_step(mail)
                if refused is None and code in REFUSALS:
                    refused = judge_refusal(mail.reference, step, code, reply)
            if self.line.ending:
                return refused or self._leave_open(mail)
            code, reply = self.line.read()
        except FAULTS:
            return refused or self._leave_open(mail)
        if refused and code == 250:
            return self._fall_out_of_step(mail)
        return refused or self._judge_chunk(mail, code, reply)

    def _fall_out_of_step(self, mail: Mail) -> Outcome:
        """This reply cannot be to what we sent: RSET is always answered by 250, and a refused mail is not taken.

        Some servers do not pass over the octets of a chunk that they refuse, but read them as commands: the reply is
        then to a line of a content, and nobody knows what the others are to.
        """
        self.line.refuse_chunks()
        return self.line.doubt(mail)

    def _judge_chunk(self, mail: Mail, code: int, reply: bytes) -> Outcome | None:
        if code == 250:
            self.line.chunks = Chunks.TAKEN
        elif code in NO_SUCH_COMMAND and self.line.chunks is Chunks.UNTRIED:
            self.line.refuse_chunks()
            return None
        elif code in NO_SUCH_COMMAND:
            return judge_refusal(mail.reference, Step.DATA, code, reply)
        return judge_message(mail.reference, code, reply)

    def _leave_open(self, mail: Mail) -> Outcome | None:
        """Nothing more is answered, and this mail has gone out whole."""
        if self.line.ending is Ending.ANNOUNCED:
            self.line.see_out()
        return None if self.line.ending is Ending.HUNG_UP else self.line.doubt(mail)
