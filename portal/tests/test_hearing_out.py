"""Who sends too much reads so: a real web server does not hang up while its client still writes."""

import os
import re
import socket
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from loans.tests.factories import make_bank
from portal.hearing_out import LONGEST, HearingOut
from portal.supervisor import Program, Supervisor

WEB = ["-m", "gunicorn", "-c", "python:portal.gunicorn_conf", "--bind", "127.0.0.1:0", "portal.wsgi"]
ADDRESS = re.compile(r"Listening at: http://(\S+):(\d+)")
SIZE = 2_000_000


@pytest.fixture
def web(tmp_path: Path, transactional_db: None) -> Iterator[tuple[str, int]]:
    """Host and port."""
    url = os.environ["DATABASE_URL"].replace("/dueproof?", f"/{connection.settings_dict['NAME']}?")
    env = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY, "PYTHONPATH": str(settings.BASE_DIR)}
    env |= {"ALLOWED_HOSTS": "127.0.0.1"}
    program = Program("web", [sys.executable, *WEB], lambda child: child.output().count("Booting worker") == 2)
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.start(program, env)
        supervisor.wait_until_ready()
        found = ADDRESS.search((tmp_path / "web.log").read_text())
        assert found
        yield found[1], int(found[2])


def first_line(web: tuple[str, int], path: str) -> bytes:
    """Of the answer to SIZE octets, of which the second half goes out when another request has been answered."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {SIZE}\r\n\r\n"
    )
    with socket.create_connection(web, timeout=20) as sender:
        sender.sendall(head.encode() + b" " * (SIZE // 2))
        with socket.create_connection(web, timeout=20) as other:
            other.sendall(b"GET /nowhere/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            while other.recv(65_536):
                pass
        sender.sendall(b" " * (SIZE // 2))
        return sender.recv(100).partition(b"\r\n")[0]


def test_who_still_writes_reads_why_it_is_refused(web: tuple[str, int]) -> None:
    make_bank()
    assert first_line(web, "/webhooks/aliyun/wrong/") == b"HTTP/1.1 404 Not Found"
    assert first_line(web, "/webhooks/sms/wrong/") == b"HTTP/1.1 405 Method Not Allowed"
    assert first_line(web, "/api/v1/partners/harbour/events").startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    ("announced", "left"),
    [("10", 0), (str(LONGEST), 0), (str(LONGEST + 1), 10), ("9" * 5000, 10), ("", 10), ("0", 10), ("x", 10)],
)
def test_no_more_is_read_than_was_announced_and_is_bounded(announced: str, left: int) -> None:
    body = BytesIO(b"0123456789")

    def application(_environ: dict[str, Any], _start: Any) -> list[bytes]:
        return [b"answer"]

    assert HearingOut(application)({"CONTENT_LENGTH": announced, "wsgi.input": body}, print) == [b"answer"]
    assert len(body.read()) == left


def test_a_client_that_has_gone_changes_no_answer() -> None:
    class Gone(BytesIO):
        def read(self, *_size: Any) -> bytes:
            raise ConnectionResetError

    def application(_environ: dict[str, Any], _start: Any) -> list[bytes]:
        return [b"answer"]

    assert HearingOut(application)({"CONTENT_LENGTH": "10", "wsgi.input": Gone()}, print) == [b"answer"]
