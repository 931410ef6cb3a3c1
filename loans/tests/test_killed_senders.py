"""A worker that is killed in the middle of a batch loses nothing, and what it repeats has the same webhook-id."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from loans.models import OutwardDelivery, OutwardEvent
from loans.outward.sending import send_waiting
from loans.tests.factories import make_loan
from loans.tests.outward import hear, tell
from loans.tests.partner_servers import PartnerServer, Posted, run_partner_server

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
EVENTS, BEFORE_THE_KILL = 300, 120
WORKER = (
    "import django; django.setup(); from django.db import connection;"
    "connection.settings_dict['NAME'] = {name!r};"
    "from loans.tasks import tell_partners; tell_partners()"
)


@pytest.fixture
def server(settings: Settings) -> Iterator[PartnerServer]:
    settings.OUTWARD_ALLOW_PRIVATE = True
    with run_partner_server() as server:
        yield server


def start_worker(secret_key: str) -> "subprocess.Popen[bytes]":
    program = WORKER.format(name=connection.settings_dict["NAME"])
    env = {**os.environ, "OUTWARD_ALLOW_PRIVATE": "1", "SECRET_KEY": secret_key}
    env["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=env)


def test_a_killed_workers_events_are_posted_again_under_their_ids(server: PartnerServer, settings: Settings) -> None:
    loan = make_loan()
    hear(loan.bank, server.url)
    tell(loan, EVENTS, at=timezone.now())
    enough, over = threading.Event(), threading.Event()

    def answer(_posted: Posted) -> int | None:
        if len(server.posts) > BEFORE_THE_KILL:
            enough.set()
            over.wait(30)
            return None
        return 200

    server.answer = answer
    with start_worker(settings.SECRET_KEY) as worker:
        assert enough.wait(60), "the worker never came so far"
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    over.set()
    left = OutwardDelivery.objects.filter(status="sending").count()
    assert 0 < left < EVENTS
    server.answer = lambda _posted: 200
    while send_waiting(clock=timezone.now):
        pass
    assert OutwardDelivery.objects.filter(status="delivered").count() == EVENTS
    posted = Counter(server.webhook_ids)
    assert set(posted) == {f"evt_{pk}" for pk in OutwardEvent.objects.values_list("pk", flat=True)}
    assert 0 < sum(posted.values()) - EVENTS <= left
    bodies = {(one.webhook_id, one.body) for one in server.posts}
    assert len(bodies) == EVENTS, "a repeat is the same event, byte for byte"
