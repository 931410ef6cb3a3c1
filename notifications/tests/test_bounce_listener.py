import logging
import smtplib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from notifications.channels.bounce_listener import SIZE_LIMIT
from notifications.tests.outside import receive_bounces

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"
ADDRESS = f"bounce+{REFERENCE}@bounces.example"
SECOND = "bounce+0190c1de-0000-8000-8000-0123456789ac@bounces.example"
REPORT = b"From: MAILER-DAEMON@mx.example\r\nSubject: report\r\n\r\n.hidden\r\nbody\r\n"


class Shelf:
    """Keeps what it is given, unless it is told to fail."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.failing = False
        self.open = threading.Event()
        self.open.set()

    def store(self, raw: bytes) -> int:
        assert self.open.wait(10)
        if self.failing:
            raise OSError(f"no room for {raw!r}")
        self.mails.append(raw)
        return 1


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def client(shelf: Shelf) -> Iterator[smtplib.SMTP]:
    with receive_bounces(shelf.store) as port, smtplib.SMTP("127.0.0.1", port, "mx.example", timeout=10) as client:
        yield client


def test_a_bounce_is_stored_byte_for_byte_below_its_envelope(client: smtplib.SMTP, shelf: Shelf) -> None:
    assert client.sendmail("", [ADDRESS], REPORT) == {}
    assert shelf.mails == [b"Return-Path: <>\r\nDelivered-To: " + ADDRESS.encode() + b"\r\n" + REPORT]


def test_a_slow_store_does_not_hold_up_other_connections(shelf: Shelf) -> None:
    shelf.open.clear()
    with receive_bounces(shelf.store) as port, ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, port)
        with smtplib.SMTP("127.0.0.1", port, "mx.example", timeout=10) as second:
            assert second.noop()[0] == 250
            assert shelf.mails == []
            shelf.open.set()
            first.result(timeout=10)
    assert len(shelf.mails) == 1


def send(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, "mx.example", timeout=10) as client:
        client.sendmail("", [ADDRESS], REPORT)


def test_a_bounce_that_could_not_be_stored_is_to_be_sent_again(
    client: smtplib.SMTP, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.failing = True
    with pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("", [ADDRESS], REPORT)
    assert refused.value.smtp_code == 451
    assert "could not be stored (OSError)" in caplog.text
    assert "MAILER-DAEMON" not in caplog.text
    shelf.failing = False
    assert client.sendmail("", [ADDRESS], REPORT) == {}
    assert len(shelf.mails) == 1


@pytest.mark.parametrize(
    "address",
    ["li@bounces.example", "bounce@bounces.example", "bounce+x@other.example", "bounce+x@bounces.example.evil.example"],
)
def test_mail_to_anyone_else_is_refused(client: smtplib.SMTP, shelf: Shelf, address: str) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.sendmail("", [address], REPORT)
    assert refused.value.recipients[address][0] == 550
    assert shelf.mails == []


def test_an_address_in_capital_letters_is_ours_too(client: smtplib.SMTP) -> None:
    assert client.sendmail("", [ADDRESS.upper()], REPORT) == {}


def test_a_second_recipient_is_asked_for_in_a_mail_of_its_own(client: smtplib.SMTP, shelf: Shelf) -> None:
    refused = client.sendmail("", [ADDRESS, SECOND], REPORT)
    assert refused[SECOND][0] == 452
    assert len(shelf.mails) == 1


def test_a_mail_above_the_limit_is_refused(client: smtplib.SMTP, shelf: Shelf) -> None:
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        client.sendmail("", [ADDRESS], REPORT + b"x" * 70 + b"\r\n" + b"line\r\n" * (SIZE_LIMIT // 6))
    assert refused.value.smtp_code == 552
    assert shelf.mails == []


def test_a_line_longer_than_the_standard_allows_is_stored_too(client: smtplib.SMTP, shelf: Shelf) -> None:
    assert client.sendmail("", [ADDRESS], REPORT + b"x" * 20_000 + b"\r\n") == {}
    assert len(shelf.mails) == 1


def test_lmtp_is_spoken_too(shelf: Shelf) -> None:
    with receive_bounces(shelf.store) as port, smtplib.LMTP("127.0.0.1", port, "mx.example") as client:
        assert client.sendmail("", [ADDRESS], REPORT) == {}
    assert len(shelf.mails) == 1


def test_a_sender_that_leaves_in_the_middle_leaves_nothing_behind(shelf: Shelf) -> None:
    with receive_bounces(shelf.store) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"EHLO mx\r\nMAIL FROM:<>\r\nRCPT TO:<{ADDRESS}>\r\nDATA\r\nhalf a mail".encode())
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    assert shelf.mails == []


def test_no_address_reaches_a_log(client: smtplib.SMTP, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.sendmail("li@example.com", [ADDRESS], REPORT)
    assert "1 message was kept" in caplog.text
    assert "example" not in caplog.text


def test_what_is_no_command_reaches_no_log(client: smtplib.SMTP, caplog: pytest.LogCaptureFixture) -> None:
    """A sender that does not hear that its mail is refused goes on with the lines of the mail."""
    with caplog.at_level(logging.DEBUG):
        assert client.docmd("13800138000 li@example.com")[0] == 500
    assert "13800138000" not in caplog.text


@pytest.mark.parametrize(
    "reference",
    ["aaaa", "0190c1de0000800080000123456789ab", "0190c1d-e0000-8000-8000-0123456789ab", REFERENCE[:-1] + "é"],
)
def test_a_reference_that_we_never_made_or_spell_otherwise_is_refused(
    client: smtplib.SMTP, shelf: Shelf, reference: str
) -> None:
    address = f"bounce+{reference}@bounces.example"
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.sendmail("", [address], REPORT, ["SMTPUTF8"])
    assert refused.value.recipients[address][0] == 550
    assert shelf.mails == []


def test_no_sender_s_address_writes_lines_above_the_one_that_says_to_whom_a_mail_came(
    client: smtplib.SMTP, shelf: Shelf
) -> None:
    client.ehlo()
    assert client.sock
    client.sock.sendall(b"MAIL FROM:<a\r\rb@mx.example>\r\n")
    assert client.getreply()[0] == client.rcpt(ADDRESS)[0] == client.data(REPORT)[0] == 250
    lines = [b"Return-Path: <ab@mx.example>", b"Delivered-To: " + ADDRESS.encode()]
    assert shelf.mails[0].splitlines()[:2] == lines
