"""The sandbox takes mails in chunks (RFC 3030), one after another without waiting (RFC 2920)."""

import socket
from collections.abc import Iterator
from typing import Final

import pytest

from notifications.tests.outside import SandboxProcess, run_sandbox

CONTENT: Final = b"From: portal@example.com\r\nSubject: =?utf-8?B?5LuY5qy+?=\r\n\r\n.first\r\n.\r\nlast\r\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with run_sandbox() as sandbox:
        yield sandbox


class Conversation:
    """Writes without waiting; replies are read afterwards, in their order."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self._socket = socket.create_connection(("127.0.0.1", sandbox.smtp_port), timeout=10)
        self._file = self._socket.makefile("rb")
        self.read(1)

    def write(self, *parts: bytes) -> None:
        self._socket.sendall(b"".join(parts))

    def read(self, replies: int) -> list[int]:
        codes = list[int]()
        while len(codes) < replies:
            line = self._file.readline()
            if line[3:4] != b"-":
                codes.append(int(line[:3]))
        return codes

    def is_over(self) -> bool:
        return self._file.readline() == b""

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture
def conversation(sandbox: SandboxProcess) -> Iterator[Conversation]:
    sandbox.reset()
    conversation = Conversation(sandbox)
    conversation.write(b"EHLO portal.example\r\n")
    assert conversation.read(1) == [250]
    yield conversation
    conversation.close()


def envelope(address: bytes) -> bytes:
    return b"MAIL FROM:<portal@example.com>\r\nRCPT TO:<" + address + b">\r\n"


def chunk(content: bytes, *, last: bool = True) -> bytes:
    return b"BDAT %d%s\r\n%s" % (len(content), b" LAST" if last else b"", content)


def kept(sandbox: SandboxProcess, wait: float = 10) -> list[tuple[str, str]]:
    return [(message["recipient"], message["text"]) for message in sandbox.list_messages(wait=wait)]


def test_mails_of_one_write_are_taken_each_with_its_own_answer(
    sandbox: SandboxProcess, conversation: Conversation
) -> None:
    mails = [envelope(b"li@example.com"), envelope(b"li+reject@example.com"), envelope(b"wu@example.com")]
    conversation.write(*(part for mail in mails for part in (b"RSET\r\n", mail, chunk(CONTENT))))
    assert conversation.read(12) == [250] * 4 + [250, 250, 550, 503] + [250] * 4
    assert {recipient for recipient, _ in kept(sandbox)} == {"li@example.com", "wu@example.com"}


def test_dots_mean_nothing_in_a_chunk(sandbox: SandboxProcess, conversation: Conversation) -> None:
    conversation.write(envelope(b"li@example.com"), chunk(CONTENT))
    assert conversation.read(3) == [250] * 3
    [(_, text)] = kept(sandbox)
    assert text.split() == [".first", ".", "last"]


def test_a_content_may_come_in_several_chunks(sandbox: SandboxProcess, conversation: Conversation) -> None:
    conversation.write(
        envelope(b"li@example.com"), chunk(CONTENT[:20], last=False), chunk(CONTENT[20:], last=False), chunk(b"")
    )
    assert conversation.read(5) == [250] * 5
    assert len(kept(sandbox)) == 1


def test_a_chunk_that_was_not_asked_for_is_read_and_refused(
    sandbox: SandboxProcess, conversation: Conversation
) -> None:
    """What stands in it is no command."""
    conversation.write(chunk(envelope(b"li@example.com") + b"DATA\r\n"), b"NOOP\r\n")
    assert conversation.read(2) == [503, 250]
    assert kept(sandbox, wait=0) == []


def test_too_long_a_content_is_read_and_refused(sandbox: SandboxProcess, conversation: Conversation) -> None:
    conversation.write(envelope(b"li@example.com"), chunk(b"x" * 10_000_001), b"NOOP\r\n")
    assert conversation.read(4) == [250, 250, 552, 250]
    assert kept(sandbox, wait=0) == []


@pytest.mark.parametrize("argument", [b"", b"-1 LAST", b"5 FIRST", b"LAST", b"12345678901 LAST"])
def test_a_chunk_without_a_length_ends_the_connection(conversation: Conversation, argument: bytes) -> None:
    conversation.write(envelope(b"li@example.com"), b"BDAT " + argument + b"\r\n")
    assert conversation.read(3) == [250, 250, 501]
    assert conversation.is_over()


def test_a_broken_off_chunk_is_no_mail(sandbox: SandboxProcess, conversation: Conversation) -> None:
    conversation.write(envelope(b"li@example.com"), chunk(CONTENT)[:-5])
    assert conversation.read(2) == [250, 250]
    conversation.close()
    other = Conversation(sandbox)
    other.write(b"EHLO portal.example\r\n", envelope(b"wu@example.com"), chunk(CONTENT))
    assert other.read(4) == [250] * 4
    other.close()
    assert [recipient for recipient, _ in kept(sandbox)] == ["wu@example.com"]
