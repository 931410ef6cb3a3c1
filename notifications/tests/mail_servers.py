"""A mail server that answers by a script, for what no well-behaved one can be made to do."""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from notifications.channels.base import Message, Outcome, Result
from notifications.channels.email import EmailChannel
from notifications.channels.mail_server import MailServer
from notifications.tests.outside import MisbehavingServer, make_message, run_server

CLOSE = "close"
HANG = "hang"
ALONE = "250-stub\r\n250-8BITMIME\r\n250 DSN"
TOGETHER = "250-stub\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 DSN"
IN_CHUNKS = "250-stub\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 DSN"
"""Greetings of a server that wants commands one by one, of one that takes many together, and whole mails too."""
GOOD_ANSWERS = {
    "EHLO": ALONE,
    "AUTH": "235 2.7.0 OK",
    "MAIL": "250 2.1.0 OK",
    "RCPT": "250 2.1.5 OK",
    "DATA": "354 go on",
    ".": "250 2.0.0 OK: queued as 4XyZ12",
    "BDAT": "250 2.0.0 OK: queued as 4XyZ12",
    "RSET": "250 2.0.0 OK",
    "QUIT": "221 2.0.0 bye",
}


@dataclass
class ScriptedMail:
    """The server's port, the commands that it was sent, a list for each connection, and the mails that it answered.

    A mail is its Message-ID and the first three digits of the answer. `chunks` are the contents that came by BDAT.
    """

    port: int
    conversations: list[list[str]] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)

    @property
    def octets(self) -> bytes:
        """All that it was sent."""
        return b"".join(self.lines)

    @property
    def commands(self) -> list[str]:
        return [line for conversation in self.conversations for line in conversation]


class Envelope:
    """How far a mail has come. One that was refused goes on until RSET ends it, as RFC 5321 has it."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def find_fault(self, verb: str) -> str:
        if verb == "MAIL" and "MAIL" in self._taken:
            return "503 5.5.1 nested MAIL"
        if verb == "BDAT" and "RCPT" not in self._taken:
            return "503 5.5.1 nobody is to get it"
        return ""

    def note(self, verb: str, answer: str) -> None:
        if answer.startswith("25") and (verb == "MAIL" or (verb == "RCPT" and "MAIL" in self._taken)):
            self._taken.add(verb)
        if verb in ("RSET", ".") or (verb == "BDAT" and answer.startswith("250")):
            self._taken.clear()


@contextmanager
def run_mail_server(
    answers: Mapping[str, str | Sequence[str]] | None = None, *, skips_chunks: bool = True
) -> Iterator[ScriptedMail]:
    """`answers` maps a verb, or `.` for the end of a message, to its answer; CLOSE cuts the connection and HANG says
    nothing. A list is used up one by one, its last answer then stays. Without `skips_chunks` BDAT is a command like
    others, and a chunk is read as if it were commands."""
    script = {verb: [answer] if isinstance(answer, str) else list(answer) for verb, answer in (answers or {}).items()}
    conversations: list[list[str]] = []
    answered: list[tuple[str, str]] = []
    heard: list[bytes] = []
    chunks: list[bytes] = []

    def answer_to(verb: str) -> str:
        left = script.get(verb)
        if not left:
            return GOOD_ANSWERS.get(verb, "500 5.5.1 what?")
        return left.pop(0) if len(left) > 1 else left[0]

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        conversation: list[str] = []
        conversations.append(conversation)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = connection.makefile("rb")
        if not _say(connection, answer_to("greeting") if "greeting" in script else "220 stub ESMTP"):
            return
        in_data, message_id, envelope = False, "", Envelope()
        for raw in lines:
            heard.append(raw)
            line = raw.decode().rstrip("\r\n")
            if in_data and line != ".":
                message_id = line[12:] if line.startswith("Message-ID: ") else message_id
                continue
            verb, space, rest = line.partition(" ")
            conversation.append(verb.upper() + space + rest)
            if verb == "BDAT" and skips_chunks:
                chunks.append(lines.read(int(rest.split()[0])))
                message_id = find_message_id(chunks[-1])
            answer = envelope.find_fault(verb) or answer_to(verb.upper())
            envelope.note(verb, answer)
            if message_id:
                answered.append((message_id, answer[:3]))
                message_id = ""
            in_data = answer.startswith("354")
            if not _say(connection, answer) or verb.upper() == "QUIT":
                _hang_up(connection)
                return

    with run_server(serve) as server:
        yield ScriptedMail(server.port, conversations, answered, heard, chunks)


def find_message_id(mail: bytes) -> str:
    return mail.partition(b"\r\nMessage-ID: ")[2].partition(b"\r\n")[0].decode()


def _say(connection: socket.socket, answer: str) -> bool:
    if answer == HANG:
        return True
    if answer != CLOSE:
        connection.sendall(answer.encode() + b"\r\n")
    return answer != CLOSE and not answer.startswith("421")


def _hang_up(connection: socket.socket) -> None:
    """Closing while something comes in would make the client's system throw away what it has not read yet."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass


class Chunked:
    """The server's side of one connection, read mail by mail; it says nothing by itself."""

    REPLY = b"250 OK\r\n" * 4

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self.say(b"220 stub\r\n")
        self._lines.readline()
        self.say(b"250-stub\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n")

    def say(self, octets: bytes) -> None:
        self._connection.sendall(octets)

    def cut(self) -> None:
        """The client's next write fails."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._lines.close()
        self._connection.close()

    def read_mail(self) -> bytes:
        """The whole content; empty where the client says goodbye, or has gone before its end."""
        for line in self._lines:
            if line.startswith(b"BDAT "):
                octets = int(line.split()[1])
                content = self._lines.read(octets)
                return content if len(content) == octets else b""
            if line == b"quit\r\n":
                self.say(b"221 bye\r\n")
                break
        return b""


def make_messages(number: int, text: str = "Payment due tomorrow") -> list[Message]:
    return [make_message(f"li{place}@example.com", text) for place in range(number)]


def results_of(outcomes: list[Outcome], messages: list[Message]) -> list[Result]:
    """In the order of the messages, each of which has exactly one."""
    by_reference = {outcome.reference: outcome.result for outcome in outcomes}
    assert len(outcomes) == len(by_reference) == len(messages)
    return [by_reference[message.reference] for message in messages]


def make_channel(port: int, **facts: object) -> EmailChannel:
    settings: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "timeout": 2.0,
    }
    make_server: Callable[..., MailServer] = MailServer
    return EmailChannel(
        server=make_server(**(settings | facts)),
        sender="Dueproof 还款 <notices@portal.example>",
        bounce_domain="bounces.example",
    )
