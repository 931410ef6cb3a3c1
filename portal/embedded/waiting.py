"""Waiting for a server to come up, and for one that an earlier run left behind to go."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from portal.processes import Child, ProcessError

READY_SECONDS = 60.0  # recovery after a crash replays the log first
GONE_SECONDS = 15.0


def wait_until(ready: Callable[[], bool], child: Child, seconds: float = READY_SECONDS) -> None:
    """Return when `ready` says so. Raises ProcessError, with the log's last lines, if the child ends or time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        if child.returncode is not None:
            raise child.failure()
        if time.monotonic() > deadline:
            raise ProcessError(
                f"{child.name} did not answer within {seconds:.0f} seconds. The last lines of {child.log}:\n"
                f"{child.last_lines()}"
            )
        time.sleep(0.03)


def await_predecessor(pid_file: Path, home: Path) -> None:
    """Wait for the server of an earlier run that was killed; off Linux, where nobody told it to go, tell it.

    Then a pid file that remains is stale, and removed when its number belongs to a zombie or to a stranger by now:
    the server itself would take that for a live predecessor. Raises ProcessError if the server does not go.
    """
    pid = read_pid(pid_file)
    if pid is None:
        return
    deadline = time.monotonic() + GONE_SECONDS
    while str(home) in command_line(pid):
        if time.monotonic() > deadline:
            raise ProcessError(f"A server of an earlier run still works in {home} as process {pid}. End it first.")
        if sys.platform != "linux":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def read_pid(pid_file: Path) -> int | None:
    """Read the number on the first line; None if there is no such file or no number in it."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(pid_file.read_text().splitlines()[0])
    return None


def command_line(pid: int) -> str:
    """Return the command line of a live process; empty for one that is gone or a zombie."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own words
