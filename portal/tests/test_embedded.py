"""The embedded database and broker: real ones, started and stopped."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings

from notifications.tests.peers import wait_until
from portal.embedded import Embedded, FolderInUseError, ProcessError, Servers
from portal.embedded.places import NOBODY
from portal.embedded.sockets import RunFolder
from portal.embedded.waiting import command_line, read_pid

AS_ROOT = os.geteuid() == 0
SEARCH = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}


def make_folder() -> Path:
    """Make a folder that the user whom root's database runs as may enter: pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture(autouse=True)
def _no_servers_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delitem(SEARCH, name, raising=False)


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """A data folder whose servers have run once, and were given something to keep."""
    folder = make_folder()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("REDIS_URL", raising=False)
        with Embedded(folder, fast=True) as servers:
            query(servers, "CREATE TABLE kept AS SELECT '留着' AS word")
            with redis.Redis.from_url(servers.redis_url) as client:
                client.set("kept", "too")
    yield folder
    shutil.rmtree(folder)


def query(servers: Servers, sql: str) -> str | None:
    with psycopg.connect(servers.database_url) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return str(row[0]) if row else None


def test_the_second_start_finds_the_data_of_the_first(used: Path) -> None:
    with Embedded(used, fast=True) as servers, redis.Redis.from_url(servers.redis_url) as client:
        assert query(servers, "SELECT word FROM kept") == "留着"
        assert client.get("kept") == b"too"


def test_where_the_servers_will_answer_is_known_before_they_do(used: Path) -> None:
    embedded = Embedded(used, fast=True)
    try:
        servers = embedded.prepare()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(servers.database_url)
        assert embedded.start() == servers
        assert query(servers, "SELECT word FROM kept") == "留着"
    finally:
        embedded.stop()


def test_letters_of_every_script_are_found_by_trigrams_and_sorted_alike_everywhere(used: Path) -> None:
    with Embedded(used, fast=True) as servers:
        assert query(servers, "SELECT string_agg(w, ' ' ORDER BY w) FROM unnest('{b,a,B,é}'::text[]) w") == "B a b é"
        assert query(servers, "SELECT upper('éß') || lower('É')") == "Éßé"
        query(servers, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
        assert query(servers, "SELECT similarity('贷款到期', '贷款到期日') > 0.5") == "True"


def test_nothing_of_it_is_open_to_other_users(used: Path) -> None:
    with Embedded(used, fast=True) as servers:
        sockets = Path(servers.redis_url.removeprefix("unix://").partition("?")[0]).parents[1]
        assert sockets.stat().st_mode & 0o027 == 0
        assert (used / "postgres.password").stat().st_mode & 0o077 == 0
        password = (used / "postgres.password").read_text()
        wrong = servers.database_url.replace(password, "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
    assert not sockets.exists()


def test_a_folder_in_use_is_left_alone_and_named(used: Path) -> None:
    with Embedded(used, fast=True) as servers:
        with pytest.raises(FolderInUseError, match=str(used)):
            Embedded(used, fast=True).start()
        command = [sys.executable, "-m", "portal.embedded", "run", "--", "true"]
        second = subprocess.run(
            command, env={**SEARCH, "DUEPROOF_DATA": str(used)}, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert "in use" in second.stderr
        assert query(servers, "SELECT word FROM kept") == "留着"


def test_kill_9_of_the_parent_leaves_nothing_running_and_the_next_start_works(used: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells children of their parent's death")
    command = [
        sys.executable,
        "-m",
        "portal.embedded",
        "run",
        "--for-tests",
        "--",
        "sh",
        "-c",
        "echo up; exec sleep 60",
    ]
    with subprocess.Popen(command, env={**SEARCH, "DUEPROOF_DATA": str(used)}, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"up\n"
        left = [read_pid(used / "postgres" / "postmaster.pid"), read_pid(used / "valkey" / "valkey.pid")]
        assert all(pid and command_line(pid) for pid in left)
        parent.kill()
        assert parent.stdout.read() == b""  # the command is gone, too: it held the pipe
    wait_until("all had ended", lambda: not any(command_line(pid) for pid in left if pid), seconds=20)
    with Embedded(used, fast=True) as servers:
        assert query(servers, "SELECT word FROM kept") == "留着"


@pytest.mark.parametrize("ended", [False, True], ids=["of a stranger", "of a zombie"])
def test_a_pid_file_with_the_number_of_another_process_is_stale(used: Path, ended: bool) -> None:
    owner = (used / "postgres").stat()
    with subprocess.Popen(["sleep", "0" if ended else "60"], user=owner.st_uid if AS_ROOT else None) as stranger:
        if ended:
            wait_until("it had ended", lambda: not command_line(stranger.pid), seconds=20)
        (used / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{used / 'postgres'}\n")
        (used / "valkey" / "valkey.pid").write_text(f"{stranger.pid}\n")
        with Embedded(used, fast=True) as servers:
            assert query(servers, "SELECT word FROM kept") == "留着"
        assert stranger.poll() is None or ended
        stranger.kill()


def test_a_server_that_does_not_come_up_shows_its_last_words(used: Path) -> None:
    settings_file = used / "postgres" / "postgresql.conf"
    good = settings_file.read_text()
    try:
        settings_file.write_text(good + "\nwork_mem = 'plenty'\n")
        with pytest.raises(ProcessError, match=r'(?s)postgres.*invalid value for parameter "work_mem": "plenty"'):
            Embedded(used, fast=True).start()
    finally:
        settings_file.write_text(good)


def test_a_lost_password_is_said_not_waited_for(used: Path) -> None:
    file = used / "postgres.password"
    good = file.read_text()
    try:
        file.write_text("another")
        with pytest.raises(ProcessError, match="does not know the password"):
            Embedded(used, fast=True).start()
    finally:
        file.write_text(good)


def test_a_socket_folder_that_others_may_enter_is_not_used(used: Path) -> None:
    run = RunFolder(used)
    planted = run.make("pg", None).parent
    try:
        planted.chmod(0o777)
        with pytest.raises(ProcessError, match="not a private folder"):
            Embedded(used, fast=True).start()
    finally:
        planted.chmod(0o700)
        run.remove()


def test_servers_that_the_environment_names_are_used_as_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/book")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/3")
    with Embedded(tmp_path / "data") as servers:
        assert servers == Servers("postgres://elsewhere/book", "redis://elsewhere/3")
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["lock", "logs"]


def test_the_command_gets_the_servers_and_gives_its_exit_status(used: Path) -> None:
    command = [sys.executable, "-m", "portal.embedded", "run", "--for-tests", "--"]
    script = 'echo "$DATABASE_URL $REDIS_URL $DUEPROOF_DATA"; exit 7'
    outcome = subprocess.run(
        [*command, "sh", "-c", script],
        env={**SEARCH, "DUEPROOF_DATA": str(used)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 7
    database_url, redis_url, folder = outcome.stdout.split()
    assert database_url.startswith("postgres://dueproof:")
    assert redis_url.startswith("unix:///")
    assert folder == str(used)


def test_sigterm_reaches_the_command_and_both_servers_end(used: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "portal.embedded",
        "run",
        "--for-tests",
        "--",
        "sh",
        "-c",
        "echo up; exec sleep 60",
    ]
    with subprocess.Popen(command, env={**SEARCH, "DUEPROOF_DATA": str(used)}, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"up\n"
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(20) == 128 + signal.SIGTERM
    assert not (used / "postgres" / "postmaster.pid").exists()
    assert not (used / "valkey" / "valkey.pid").exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root's database runs as another user")
def test_root_keeps_the_cluster_elsewhere_when_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    folder = tmp_path / "data"
    with Embedded(folder, fast=True) as servers:
        assert query(servers, "SELECT 1") == "1"
    cluster = (folder / "postgres").resolve()
    try:
        assert (folder / "postgres").is_symlink()
        assert cluster.is_relative_to("/var/lib/dueproof")
        assert cluster.stat().st_uid == NOBODY.uid
        assert tmp_path.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(cluster.parent)


def test_erasing_starts_over(used: Path) -> None:
    folder = make_folder()
    try:
        shutil.copytree(used / "valkey", folder / "valkey")
        (folder / "postgres.password").write_text("old")
        (folder / "logs").mkdir(exist_ok=True)
        (folder / "logs" / "worker.log").write_text("old")
        embedded = Embedded(folder, fast=True)
        embedded.erase()
        assert sorted(path.name for path in folder.iterdir()) == ["lock", "logs"]
        assert list((folder / "logs").iterdir()) == []
        with pytest.raises(FolderInUseError):
            Embedded(folder).lock()
        embedded.stop()
    finally:
        shutil.rmtree(folder)
