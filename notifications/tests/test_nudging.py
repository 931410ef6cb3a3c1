"""The broker is away when a worker would be woken, after the work was committed."""

import logging
import os
import subprocess
import sys

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from notifications import nudging, tasks
from notifications.nudging import may_be_lost
from notifications.tests.outside import find_closed_port

WAKE_ALL = """
import django
django.setup()
from notifications import tasks
for wake in (tasks.wake_senders, tasks.wake_planner, tasks.wake_outages, tasks.wake_senders):
    wake()
print("went on")
"""


def test_a_broker_that_is_away_is_one_line_and_its_caller_goes_on() -> None:
    away = {"REDIS_URL": f"redis://127.0.0.1:{find_closed_port()}/0", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WAKE_ALL],
        env={**os.environ, **away},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "went on\n")
    [line] = ended.stderr.splitlines()
    assert "Redis does not answer (" in line
    assert "goes on with the next sweep" in line


@pytest.mark.django_db(transaction=True)
def test_after_a_commit_nothing_but_that_line_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("Error 111 connecting to 127.0.0.1:1. Connection refused.")

    monkeypatch.setattr("notifications.nudging._Words.said_at", float("-inf"))
    monkeypatch.setattr(tasks.send, "apply_async", away)
    with caplog.at_level(logging.DEBUG), transaction.atomic():
        transaction.on_commit(tasks.wake_senders, robust=True)
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [(record.name, record.exc_info) for record in said] == [("notifications.nudging", None)]


def test_it_is_said_once_a_minute(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("notifications.nudging._Words.said_at", float("-inf"))
    said = list[int]()
    for now in (0.0, 1.0, 59.0, 60.0, 61.0, 120.0):
        monkeypatch.setattr(nudging, "monotonic", lambda now=now: now)
        with caplog.at_level(logging.WARNING), may_be_lost():
            raise OperationalError
        said.append(len(caplog.records))
    assert said == [1, 1, 1, 2, 2, 3]


def test_what_is_no_fault_of_the_broker_is_raised() -> None:
    with pytest.raises(KeyError), may_be_lost():
        raise KeyError
