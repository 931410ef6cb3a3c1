"""`python -m benchmarks.sinks.smtp`: a mail server with PIPELINING and CHUNKING; keeps who got which Message-ID."""

import asyncio
from typing import Final, cast

from benchmarks.sinks.control import serve

GREETING: Final = b"220 sink.test ESMTP\r\n"
ABILITIES: Final = (
    b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250-SIZE 33554432\r\n"
    b"250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n"
)
ANSWERS: Final = {b"DATA": b"354 Go ahead\r\n", b"EHLO": ABILITIES, b"QUIT": b"221 2.0.0 Bye\r\n"}
OK: Final = b"250 2.0.0 OK\r\n"
TAKEN: Final = b"250 2.0.0 OK: queued as 1A2B3C4D5E\r\n"
END: Final = b"\r\n.\r\n"
MESSAGE_ID: Final = b"\nMessage-ID: "


class Mailbox:
    """Each recipient is one delivery's own, so who gets two mails was told twice."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.messages = self.repeats = self.strangers = self.octets = 0
        self.ids: dict[bytes, bytes] = {}

    def take(self, recipient: bytes, mail: bytes) -> None:
        start = mail.find(MESSAGE_ID)
        message_id = mail[start + len(MESSAGE_ID) : mail.find(b"\r", start + 1)] if start >= 0 else b""
        self.messages += 1
        self.octets += len(mail)
        first = self.ids.setdefault(recipient, message_id)
        if first is not message_id:
            self.repeats += 1
            self.strangers += first != message_id

    def report(self) -> dict[str, int]:
        """`repeats`: mails to one who had one; `strangers`: those among them under another Message-ID."""
        return {
            "messages": self.messages,
            "recipients": len(self.ids),
            "ids": len(set(self.ids.values())),
            "repeats": self.repeats,
            "strangers": self.strangers,
            "octets": self.octets // max(self.messages, 1),
        }


class Sink(asyncio.Protocol):
    """One connection. What was read of the buffer goes once a read, however many mails that was."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._buffer = bytearray()
        self._at = 0
        self._next = self._take_command
        self._looked = 0
        self._octets = 0
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers: list[bytes] = []
        while found := self._next():
            answers.append(found)
        del self._buffer[: self._at]
        self._looked -= self._at
        self._at = 0
        if answers:
            self._transport.write(b"".join(answers))
            if answers[-1] is ANSWERS[b"QUIT"]:
                self._transport.close()

    def _take_command(self) -> bytes:
        end = self._buffer.find(b"\r\n", self._at)
        if end < 0:
            return b""
        line = bytes(self._buffer[self._at : end])
        self._at = end + 2
        verb = line[:4].upper()
        if verb == b"BDAT":
            self._octets = int(line.split()[1])
            self._next = self._take_chunk
            return self._take_chunk()
        if verb == b"RCPT":
            self._recipient = line[line.find(b"<") + 1 : line.find(b">")]
        if verb == b"DATA":
            self._looked = self._at
            self._next = self._take_mail
        return ANSWERS.get(verb, OK)

    def _take_chunk(self) -> bytes:
        """A whole mail, as we send them; no other client comes here."""
        end = self._at + self._octets
        return self._take(end, end) if len(self._buffer) >= end else b""

    def _take_mail(self) -> bytes:
        end = self._buffer.find(END, max(self._at, self._looked - len(END)))
        if end < 0:
            self._looked = len(self._buffer)
            return b""
        return self._take(end, end + len(END))

    def _take(self, end: int, following: int) -> bytes:
        self._mailbox.take(self._recipient, bytes(self._buffer[self._at : end]))
        self._at = following
        self._next = self._take_command
        return TAKEN


def main() -> None:
    mailbox = Mailbox()
    asyncio.run(serve(lambda: Sink(mailbox), mailbox.report, mailbox.clear))


if __name__ == "__main__":
    main()
