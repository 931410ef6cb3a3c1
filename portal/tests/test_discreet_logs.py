"""What opens a door, and whom a page is about, is not written to the logs."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from loans.models import Loan
from loans.tests.factories import make_loan
from portal.discreet_logs import DiscreetFilter
from portal.supervisor import Program, Supervisor
from portal.tests.desk import desk_of, make_desk_agent

NUMBER = "LN-2026/000123"

SERVED = """
def application(environ, start_response):
    if environ["PATH_INFO"].startswith("/broken"):
        raise ValueError("no answer")
    start_response("404 Not Found", [("Content-Length", "0")])
    return []
"""


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the portal's own handler writes of a test, with its filter and its format."""
    handler = logging.StreamHandler(stream := _Lines())
    own = next(each for each in logging.getLogger().handlers if each.filters)
    handler.addFilter(own.filters[0])
    handler.setFormatter(own.formatter)
    logging.getLogger().addHandler(handler)
    yield stream.written
    logging.getLogger().removeHandler(handler)


class _Lines:
    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> None:
        self.written.append(text)

    def flush(self) -> None:
        """Nothing is held back."""


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/k/AAAAAAAVaz48EBzDsa/",
            "/webhooks/sms/4f1c9d/?type=1",
            "/webhooks/aliyun/4f1c9d/",
            "/webhooks/own/pigeon/4f1c9d/",
            "/k/AAAA",
        ),
        *("/push/received/AAAAAAAVaz48EBzDsa/", "/push/acknowledge/AAAA/"),
    ],
)
def test_a_link_and_the_callbacks_token_are_left_out(path: str) -> None:
    record = logging.makeLogRecord({"msg": "Not Found: %s", "args": (path,)})
    assert DiscreetFilter().filter(record)
    secret = path.rstrip("/").split("/")[-1 if "?" not in path else -2]
    assert secret not in record.getMessage()
    assert "…" in record.getMessage()


def test_a_line_without_an_address_stays_as_it_is() -> None:
    record = logging.makeLogRecord({"msg": "delivery %s could not be worded", "args": (7,)})
    assert DiscreetFilter().filter(record)
    assert record.getMessage() == "delivery 7 could not be worded"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "written"),
    [
        (f"/api/v1/loans/{NUMBER}", "/api/v1/loans/<path:number>"),
        (f"/loans/{NUMBER}/", "(no such address)"),
        ("/loans/王小明/", "(no such address)"),
        (f"/api/v1/{NUMBER}", "/api/v1/"),
        ("/k/AAAAAAAVaz48EBzDsa/", "/k/…/"),
        ("/loans/7654321/", "/loans/7654321/"),
    ],
)
def test_a_failed_request_is_logged_by_the_pattern_of_its_address(
    page: Client, lines: list[str], path: str, written: str
) -> None:
    assert page.get(path, {"q": NUMBER}).status_code >= 400
    text = "".join(lines)
    assert text.rstrip().endswith(f": {written}")
    assert "LN-2026" not in text
    assert "AAAAAA" not in text


@pytest.mark.django_db
def test_the_page_that_a_refused_form_came_from_is_left_out(borrower: User, lines: list[str]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(borrower)
    headers = {"Referer": f"https://elsewhere.test/loans/{NUMBER}"}
    assert strict.post(reverse("preferences"), headers=headers, secure=True).status_code == 403
    assert "elsewhere.test" in "".join(lines)
    assert "LN-2026" not in "".join(lines)


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "status"), [("?borrower__password__startswith=a", 400), ("add/", 403)])
def test_what_is_refused_at_the_desk_is_one_line(lines: list[str], query: str, status: int) -> None:
    desk = desk_of(make_desk_agent())
    lines.clear()
    assert desk.get(f"{reverse('admin:notifications_agenttask_changelist')}{query}").status_code == status
    assert "".join(lines).count("\n") == 1
    assert "Traceback" not in "".join(lines)


def test_a_fault_of_ours_keeps_the_way_to_it(lines: list[str]) -> None:
    try:
        raise LookupError("nothing there")
    except LookupError as fault:
        logging.getLogger("django.request").error("Internal Server Error", exc_info=fault, extra={"status_code": 500})
        logging.getLogger("notifications").warning("Not done", exc_info=fault)
    assert "".join(lines).count("Traceback") == 2


@pytest.mark.django_db
def test_the_row_that_the_database_refused_is_not_in_the_traceback(loan: Loan, lines: list[str]) -> None:
    Loan.objects.filter(pk=loan.pk).update(external_id=NUMBER)
    with pytest.raises(IntegrityError, match="LN-2026") as refused:
        make_loan(loan.borrower, external_id=NUMBER)
    logging.getLogger("django.request").error("Internal Server Error", exc_info=refused.value)
    logging.getLogger("celery.app.trace").error("Task raised unexpected: %r", refused.value)
    text = "".join(lines)
    assert text.count("loan_number_once_a_bank") >= 3
    assert "LN-2026" not in text


def test_the_web_server_writes_neither_addresses_nor_lines_that_it_could_not_read(tmp_path: Path) -> None:
    (tmp_path / "served.py").write_text(SERVED)
    command = [sys.executable, "-m", "gunicorn", "-c", "python:portal.gunicorn_conf", "--bind", "unix:web.sock"]
    program = Program(
        "web", [*command, "--access-logfile", "-", "served"], lambda child: "Booting worker" in child.output()
    )
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.start(program, {**os.environ, "PYTHONPATH": f"{settings.BASE_DIR}:{tmp_path}"})
        supervisor.wait_until_ready()
        asked = [f"GET /{where}/{NUMBER} HTTP/1.1\r\nHost: here\r\n\r\n" for where in ("loans", "broken")]
        for request in (*asked, f"GET /loans/{NUMBER} HTTP/nine\r\n\r\n"):
            ask(tmp_path / "web.sock", request)
    log = (tmp_path / "web.log").read_text()
    assert "GET 404" in log
    assert "Error handling a request" in log
    assert "Invalid request from ip=" in log
    assert "LN-2026" not in log


def ask(path: Path, request: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(request.encode())
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
