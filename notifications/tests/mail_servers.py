"""A mail server that answers by a script, for what no well-behaved one can be made to do."""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from notifications.channels.email import EmailChannel
from notifications.channels.mail_server import MailServer
from notifications.tests.outside import MisbehavingServer, run_server

CLOSE = "close"
HANG = "hang"
ALONE = "250-stub\r\n250-8BITMIME\r\n250 DSN"
TOGETHER = "250-stub\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 DSN"
"""Greetings of a server that wants commands one by one, and of one that takes many together."""
GOOD_ANSWERS = {
    "EHLO": ALONE,
    "AUTH": "235 2.7.0 OK",
    "MAIL": "250 2.1.0 OK",
    "RCPT": "250 2.1.5 OK",
    "DATA": "354 go on",
    ".": "250 2.0.0 OK: queued as 4XyZ12",
    "RSET": "250 2.0.0 OK",
    "QUIT": "221 2.0.0 bye",
}


@dataclass
class ScriptedMail:
    """The server's port, the commands that it was sent, a list for each connection, and the mails that it answered.

    A mail is its Message-ID and the first three digits of the answer.
    """

    port: int
    conversations: list[list[str]] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)

    @property
    def octets(self) -> bytes:
        """All that it was sent."""
        return b"".join(self.lines)

    @property
    def commands(self) -> list[str]:
        return [line for conversation in self.conversations for line in conversation]


@contextmanager
def run_mail_server(answers: Mapping[str, str | Sequence[str]] | None = None) -> Iterator[ScriptedMail]:
    """`answers` maps a verb, or `.` for the end of a message, to its answer; CLOSE cuts the connection and HANG says
    nothing. A list is used up one by one, its last answer then stays."""
    script = {verb: [answer] if isinstance(answer, str) else list(answer) for verb, answer in (answers or {}).items()}
    conversations: list[list[str]] = []
    answered: list[tuple[str, str]] = []
    heard: list[bytes] = []

    def answer_to(verb: str) -> str:
        left = script.get(verb)
        if not left:
            return GOOD_ANSWERS.get(verb, "500 5.5.1 what?")
        return left.pop(0) if len(left) > 1 else left[0]

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        conversation: list[str] = []
        conversations.append(conversation)
        lines = connection.makefile("rb")
        if not _say(connection, answer_to("greeting") if "greeting" in script else "220 stub ESMTP"):
            return
        in_data, message_id = False, ""
        for raw in lines:
            heard.append(raw)
            line = raw.decode().rstrip("\r\n")
            if in_data and line != ".":
                message_id = line[12:] if line.startswith("Message-ID: ") else message_id
                continue
            verb, space, rest = line.partition(" ")
            conversation.append(verb.upper() + space + rest)
            answer = answer_to(verb.upper())
            if message_id:
                answered.append((message_id, answer[:3]))
                message_id = ""
            in_data = answer.startswith("354")
            if not _say(connection, answer) or verb.upper() == "QUIT":
                return

    with run_server(serve) as server:
        yield ScriptedMail(server.port, conversations, answered, heard)


def _say(connection: socket.socket, answer: str) -> bool:
    if answer == HANG:
        return True
    if answer != CLOSE:
        connection.sendall(answer.encode() + b"\r\n")
    return answer != CLOSE


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
