"""The sinks count what they are there to count: a mail that came twice, one under another name, a text sent again."""

import smtplib
import socket
import urllib.request
from pathlib import Path

import pytest

from benchmarks.children import Helper, python


def send(port: int, *mails: tuple[str, str]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        for recipient, message_id in mails:
            server.sendmail("portal@example.test", recipient, f"Subject: A\r\nMessage-ID: {message_id}\r\n\r\n.dot\r\n")


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (("b@a.test", "<2@x>"), {"messages": 2, "recipients": 2, "ids": 2, "repeats": 0, "strangers": 0}),
        (("a@a.test", "<1@x>"), {"messages": 2, "recipients": 1, "ids": 1, "repeats": 1, "strangers": 0}),
        (("a@a.test", "<2@x>"), {"messages": 2, "recipients": 1, "ids": 1, "repeats": 1, "strangers": 1}),
    ],
)
def test_the_mail_sink_tells_repeats_from_strangers(
    tmp_path: Path, second: tuple[str, str], expected: dict[str, int]
) -> None:
    with Helper(python("benchmarks.sinks.smtp"), tmp_path / "log") as sink:
        send(sink.hear()["port"], ("a@a.test", "<1@x>"), second)
        got = sink.ask(report=True)
    assert {name: got[name] for name in expected} == expected


@pytest.mark.parametrize("at_once", [1, 7, 4096], ids="{} octets at once".format)
def test_the_mail_sink_counts_mails_in_chunks_however_they_come(tmp_path: Path, at_once: int) -> None:
    content = "Subject: A\r\nMessage-ID: <1@x>\r\n\r\n.\r\n还款\r\n".encode()
    chunk = b"BDAT %d LAST\r\n" % len(content) + content
    mails = [b"RSET\r\nMAIL FROM:<p@x>\r\nRCPT TO:<%d@x>\r\n" % number + chunk for number in range(5)]
    by_data = b"MAIL FROM:<p@x>\r\nRCPT TO:<d@x>\r\nDATA\r\n" + content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    sent = b"".join([*mails, by_data, mails[0], b"QUIT\r\n"])
    with Helper(python("benchmarks.sinks.smtp"), tmp_path / "log") as sink:
        with socket.create_connection(("127.0.0.1", sink.hear()["port"])) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for start in range(0, len(sent), at_once):
                server.sendall(sent[start : start + at_once])
            replies = server.makefile("rb").read().splitlines()
        got = sink.ask(report=True)
    assert len(replies) == 1 + 6 * 4 + 4 + 1
    assert {name: got[name] for name in ("messages", "recipients", "ids", "repeats", "strangers")} == {
        "messages": 7, "recipients": 6, "ids": 1, "repeats": 1, "strangers": 0,
    }  # fmt: skip
    assert len(content) - 2 <= got["octets"] <= len(content)


def test_the_mail_sink_forgets_when_told() -> None:
    with Helper(python("benchmarks.sinks.smtp"), Path("/dev/null")) as sink:
        send(sink.hear()["port"], ("a@a.test", "<1@x>"))
        sink.ask(reset=True)
        assert sink.ask(report=True)["messages"] == 0


def test_the_gateway_counts_each_reference(tmp_path: Path) -> None:
    with Helper(python("benchmarks.sinks.sendsms", "0"), tmp_path / "log") as sink:
        address = f"http://127.0.0.1:{sink.hear()['port']}/cgi-bin/sendsms"
        for reference in ("aa", "bb", "aa"):
            headers = {"X-Kannel-DLR-URL": f"http://p.test/?reference={reference}&type=%d"}
            with urllib.request.urlopen(urllib.request.Request(address, b"text", headers)) as answer:
                assert answer.status == 202
                assert answer.read() == b"0: Accepted for delivery"
        assert sink.ask(report=True) == {"messages": 3, "references": 2, "most_at_once": 1}
