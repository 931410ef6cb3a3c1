"""What a worker looks at for itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from notifications.models import Alarm
from notifications.tests.peers import wait_until
from portal import worker_watch

pytestmark = pytest.mark.django_db(transaction=True)


def test_where_there_is_no_answer_a_worker_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", "nobody_made_this")
        worker_watch.refuse_shared_sessions()
        worker_watch.look("late@here")
    assert not Alarm.objects.exists()


@pytest.mark.parametrize(
    ("words", "name", "seconds"), [(["worker", "--pool", "solo"], "celery@", 3600), (["beat"], "beat@", -3600)]
)
def test_a_worker_or_beat_whose_clock_is_wrong_opens_an_alarm_as_it_starts(
    tmp_path: Path, words: list[str], name: str, seconds: int
) -> None:
    (tmp_path / "clock").write_text(str(seconds))
    command = [sys.executable, "-m", "portal.tests.faults.shifted", str(tmp_path / "clock"), *words]
    # The test's own database on the server that DATABASE_URL leads to.
    url = os.environ["DATABASE_URL"].replace("/dueproof?", f"/{connection.settings_dict['NAME']}?")
    env = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY}
    if words == ["beat"]:
        env["REDIS_URL"] = "redis://127.0.0.1:1/0"  # what it asks for is nobody's work here
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=env) as child:
        try:
            wait_until("an alarm was open", lambda: Alarm.objects.filter(kind="clock").exists(), seconds=90)
        finally:
            child.terminate()
    facts = Alarm.objects.get(kind="clock").facts
    assert facts["worker"].startswith(name)
    assert abs(facts["seconds"] - seconds) < 10
