"""What a worker looks at for itself, in a real worker whose clock is an hour ahead, and without a database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from notifications.models import Alarm
from notifications.tests.peers import wait_until
from portal import worker_watch

pytestmark = pytest.mark.django_db(transaction=True)
AHEAD = 3600


def test_a_worker_whose_clock_is_an_hour_ahead_opens_an_alarm_as_it_starts(tmp_path: Path, settings: Settings) -> None:
    """A worker as in life, but for its clock."""
    clock = tmp_path / "clock"
    clock.write_text(str(AHEAD))
    said = connection.get_connection_params()
    url = f"postgres://{said['user']}@/{said['dbname']}?host={said['host']}"
    command = ["portal.tests.faults.shifted", str(clock), "worker", "--pool", "solo", "--hostname", "late@here"]
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as worker:
        try:
            wait_until("the alarm was open", Alarm.objects.open().exists, 60)
        finally:
            worker.terminate()
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.subject) == ("clock", "clock:late@here")
    assert abs(alarm.facts["seconds"] - AHEAD) <= 1


def test_where_there_is_no_table_or_no_answer_a_worker_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", "nobody_made_this")
    worker_watch.refuse_shared_sessions()
    worker_watch.look("late@here")
    assert not Alarm.objects.exists()
