"""What a real web server refuses of providers and partners is counted to the last call, by a quiet moment and by its
end.
"""

import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Sum

from loans.models import RefusalRun
from loans.tests.factories import make_bank
from loans.tests.pushing import make_key
from notifications.models import RefusedCalls
from notifications.tests.peers import wait_until
from portal.supervisor import Program, Supervisor

CALLS = 60
WEB = ["-m", "gunicorn", "-c", "python:portal.gunicorn_conf", "--bind", "127.0.0.1:0", "portal.wsgi"]
ADDRESS = re.compile(r"Listening at: http://(\S+)")


def call(address: str, path: str, body: bytes | None = None) -> int:
    asked = urllib.request.Request(f"http://{address}{path}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def counted() -> tuple[int, int]:
    """Of providers, and of partners."""
    messages = RefusalRun.objects.aggregate(messages=Sum("messages"))["messages"] or 0
    return RefusedCalls.objects.aggregate(calls=Sum("calls"))["calls"] or 0, messages


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ends_at_once", [True, False])
def test_every_refused_call_of_a_burst_is_counted(tmp_path: Path, ends_at_once: bool) -> None:
    make_key(make_bank())
    url = os.environ["DATABASE_URL"].replace("/dueproof?", f"/{connection.settings_dict['NAME']}?")
    env = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY, "PYTHONPATH": str(settings.BASE_DIR)}
    env |= {"ALLOWED_HOSTS": "127.0.0.1"}
    program = Program("web", [sys.executable, *WEB], lambda child: child.output().count("Booting worker") == 2)
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.start(program, env)
        supervisor.wait_until_ready()
        found = ADDRESS.search((tmp_path / "web.log").read_text())
        assert found
        for _ in range(CALLS):
            assert call(found[1], "/webhooks/sms/wrong/") == 404
            assert call(found[1], "/api/v1/partners/harbour/events", b"{}") == 401
        if not ends_at_once:
            wait_until("all are counted", lambda: counted() == (CALLS, CALLS))
    assert counted() == (CALLS, CALLS)
