"""The supervisor, with real programs."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings

from notifications.tests.peers import wait_until
from portal.embedded.waiting import command_line
from portal.processes import Child, ProcessError
from portal.supervisor import Program, StopRequestedError, Supervisor, signals_end_the_block

STEADY = "trap 'echo {name} >> order; exit 0' TERM; echo up; while :; do sleep 0.05; done"
STUBBORN = "trap '' TERM; echo up; while :; do sleep 0.05; done"

SERVED = """
import time
from celery import Celery

app = Celery("served", broker="memory://")

def application(environ, start_response):
    start_response("200 OK", [])
    yield b"first\\n"
    time.sleep(60)
"""

SUPERVISING = """
import os, sys, time
from pathlib import Path
from portal.supervisor import Program, Supervisor

here = Path.cwd()
web = [sys.executable, "-m", "gunicorn", "-c", "python:portal.gunicorn_conf", "--bind", "127.0.0.1:0", "served"]
worker = [sys.executable, "-m", "celery", "-A", "served", "worker", "--concurrency", "2", "--loglevel", "INFO"]
with Supervisor(here, here) as supervisor:
    supervisor.start(Program("web", web, lambda child: child.output().count("Booting worker") == 2), os.environ)
    supervisor.start(Program("worker", worker, lambda child: " ready." in child.output()), os.environ)
    supervisor.wait_until_ready()
    print("ready", flush=True)
    supervisor.run()
"""


def up(child: Child) -> bool:
    return "up" in child.output()


def shell(name: str, script: str, *, patience: float = 10.0) -> Program:
    return Program(name, ["sh", "-c", script.format(name=name)], up, patience=patience)


def find_processes_in(folder: Path) -> set[int]:
    """Find live processes by their working directory."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder and command_line(int(entry.name)):
                found.add(int(entry.name))
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def test_the_last_started_is_stopped_first(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor:
        for name in ("one", "two", "three"):
            supervisor.start(shell(name, STEADY), os.environ)
        supervisor.wait_until_ready()
        supervisor.check()
    assert (tmp_path / "order").read_text().split() == ["three", "two", "one"]


def test_a_program_that_ends_by_itself_is_named_with_its_last_lines(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.start(shell("steady", STEADY), os.environ)
        supervisor.start(Program("brief", ["sh", "-c", "echo up; echo no such port; exit 3"], up), os.environ)
        with pytest.raises(ProcessError, match=re.compile(r"brief ended with status 3\..*no such port", re.DOTALL)):
            supervisor.run()


def test_the_log_of_an_earlier_run_is_kept_but_not_blamed(tmp_path: Path) -> None:
    (tmp_path / "brief.log").write_text("an old complaint\n")
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.start(Program("brief", ["sh", "-c", "exit 3"], up), os.environ)
        with pytest.raises(ProcessError) as caught:
            supervisor.run()
    assert "old complaint" not in str(caught.value)
    assert "an old complaint" in (tmp_path / "brief.log").read_text()


def test_a_program_that_never_gets_ready_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.start(Program("silent", ["sh", "-c", "echo thinking; sleep 60"], up), os.environ)
        wait_until("it thought", lambda: "thinking" in (tmp_path / "silent.log").read_text(), seconds=30)
        with pytest.raises(ProcessError, match=re.compile("silent was not ready within.*thinking", re.DOTALL)):
            supervisor.wait_until_ready(seconds=0.1)


def test_a_program_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.start(shell("stubborn", STUBBORN, patience=0.1), os.environ)
        supervisor.wait_until_ready()
        [(_program, child)] = supervisor.running
    assert child.returncode == -signal.SIGKILL


def test_a_command_that_is_not_there_is_said(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor, pytest.raises(ProcessError, match="gone could not be started"):
        supervisor.start(Program("gone", ["/nonexistent"], up), os.environ)


def test_an_errand_gives_its_output_or_its_complaint(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor:
        done = supervisor.begin("errand", ["sh", "-c", "echo done"], os.environ)
        assert supervisor.finish(done) == "done\n"
        failed = supervisor.begin("failing", ["sh", "-c", "echo no table; exit 1"], os.environ)
        with pytest.raises(ProcessError, match=re.compile("failing ended with status 1.*no table", re.DOTALL)):
            supervisor.finish(failed)


def test_an_errand_is_waited_for_as_far_as_it_is_needed(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor:
        halfway = supervisor.begin("errand", ["sh", "-c", "echo up; exec sleep 60"], os.environ)
        supervisor.wait_for(halfway, up)
        silent = supervisor.begin("silent", ["true"], os.environ)
        supervisor.wait_for(silent, up)
        failed = supervisor.begin("failing", ["sh", "-c", "echo no table; exit 1"], os.environ)
        with pytest.raises(ProcessError, match=re.compile("failing ended with status 1.*no table", re.DOTALL)):
            supervisor.wait_for(failed, up)


def test_a_child_is_refused_to_a_thread_that_it_would_die_with(tmp_path: Path) -> None:
    caught: list[ProcessError] = []

    def start() -> None:
        try:
            Child("short", ["true"], tmp_path / "short.log").start()
        except ProcessError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_the_block_and_an_impatient_second_breaks_nothing_off(number: signal.Signals) -> None:
    before, tidied = signal.getsignal(number), []

    def work() -> None:
        with signals_end_the_block():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)
                tidied.append(number)

    with pytest.raises(StopRequestedError, match=number.name):
        work()
    assert tidied == [number]
    assert signal.getsignal(number) is before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_kill_9_leaves_no_web_worker_no_pool_child_nothing(tmp_path: Path) -> None:
    (tmp_path / "served.py").write_text(SERVED)
    (tmp_path / "supervise.py").write_text(SUPERVISING)
    env = {**os.environ, "PYTHONPATH": f"{settings.BASE_DIR}:{tmp_path}"}
    command = [sys.executable, "supervise.py"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout
        assert supervisor.stdout.readline() == b"ready\n"
        # The supervisor, gunicorn and its two workers, Celery and its two: one of gunicorn's is at work.
        assert len(find_processes_in(tmp_path)) == 7
        port = re.search(r"http://127\.0\.0\.1:(\d+)", (tmp_path / "web.log").read_text())
        assert port
        with socket.create_connection(("127.0.0.1", int(port[1]))) as visitor, visitor.makefile("rb") as answer:
            visitor.sendall(b"GET / HTTP/1.0\r\n\r\n")
            wait_until("the first answered", lambda: b"first" in answer.readline(), seconds=30)
            supervisor.kill()
            wait_until("all had ended", lambda: not find_processes_in(tmp_path), seconds=30)
