"""What a real web server's doors refuse is counted to the last call, by a quiet moment and by its end."""

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

from notifications.models import RefusedCalls
from notifications.tests.peers import wait_until
from portal.supervisor import Program, Supervisor

CALLS = 60
WEB = ["-m", "gunicorn", "-c", "python:portal.gunicorn_conf", "--bind", "127.0.0.1:0", "portal.wsgi"]
ADDRESS = re.compile(r"Listening at: http://(\S+)")


def call(address: str) -> int:
    try:
        with urllib.request.urlopen(f"http://{address}/webhooks/sms/wrong/", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def counted() -> int:
    return RefusedCalls.objects.aggregate(calls=Sum("calls"))["calls"] or 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ends_at_once", [True, False])
def test_every_refused_call_of_a_burst_is_counted(tmp_path: Path, ends_at_once: bool) -> None:
    url = os.environ["DATABASE_URL"].replace("/dueproof?", f"/{connection.settings_dict['NAME']}?")
    env = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY, "PYTHONPATH": str(settings.BASE_DIR)}
    env |= {"ALLOWED_HOSTS": "127.0.0.1"}
    program = Program("web", [sys.executable, *WEB], lambda child: child.output().count("Booting worker") == 2)
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.start(program, env)
        supervisor.wait_until_ready()
        found = ADDRESS.search((tmp_path / "web.log").read_text())
        assert found
        assert {call(found[1]) for _ in range(CALLS)} == {404}
        if not ends_at_once:
            wait_until("all are counted", lambda: counted() == CALLS)
    assert counted() == CALLS
