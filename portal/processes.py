"""Child processes that do not outlive this one, with a log file each.

On Linux the kernel signals a child when the *thread* that started it ends, even by kill -9; so start children from
the main thread only. Elsewhere only an orderly stop() ends them.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 5_000_000  # bytes; a log that has grown past it is set aside at the next start


class ProcessError(RuntimeError):
    """A child process could not be started or has failed. The message is meant for the person at the terminal."""


@dataclass(frozen=True)
class Identity:
    """Whom a child runs as, when this process is root and the child must not be."""

    uid: int
    gid: int


def tie_to_parent(death_signal: int, parent: int | None = None) -> Callable[[], None]:
    """Give a function that a child calls once, so that the kernel sends it `death_signal` when its parent dies.

    `parent` is the parent's process id: by default this process. Off Linux the function does nothing.
    """
    if sys.platform != "linux":
        return lambda: None
    prctl, expected = ctypes.CDLL(None, use_errno=True).prctl, parent or os.getpid()

    def tie() -> None:
        # As a preexec_fn it runs after the change of user, which would have cleared the setting.
        prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != expected:  # it died before the line above
            os._exit(127)

    return tie


@dataclass
class Child:
    """One named child process. `log` gets its output; stop() sends `stop_signal`, waits, then kills its whole group.
    `inherits` are files of ours that it has open, too, under the same numbers.
    """

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    identity: Identity | None = None
    cwd: Path | None = None
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    inherits: tuple[int, ...] = ()
    popen: subprocess.Popen[bytes] | None = field(default=None, init=False)
    log_start: int = field(default=0, init=False)
    stopped: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start the process. Raises ProcessError when it cannot even be started."""
        if threading.current_thread() is not threading.main_thread():
            raise ProcessError(f"{self.name} must be started from the main thread: it would die with a shorter one.")
        set_aside_long_log(self.log)
        with open_private(self.log) as output:
            self.log_start = output.seek(0, os.SEEK_END)
            try:
                self.popen = subprocess.Popen(  # noqa: S603 - the commands are ours
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self.env,
                    cwd=self.cwd,
                    pass_fds=self.inherits,
                    process_group=0,  # Ctrl-C must reach the parent only, which stops children in order
                    preexec_fn=tie_to_parent(self.death_signal),  # noqa: PLW1509 - prctl is one system call
                    user=self.identity.uid if self.identity else None,
                    group=self.identity.gid if self.identity else None,
                    extra_groups=[] if self.identity else None,
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise ProcessError(f"{self.name} could not be started: {error}") from error

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs or before it was started."""
        return self.popen.poll() if self.popen else None

    def stop(self, patience: float = 15.0) -> None:
        """End the process and its group: politely, and after `patience` seconds by force. Safe to call twice."""
        if self.popen is None or self.stopped:
            return
        self.stopped = True
        if self.popen.poll() is None:
            self.popen.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def output(self) -> str:
        """Return what this run of the process has logged so far."""
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")
        return ""

    def last_lines(self, count: int = 15) -> str:
        """Return the last lines that this run of the process logged, indented, for an error message."""
        return "\n".join(f"    {line}" for line in self.output().splitlines()[-count:]) or "    (it logged nothing)"

    def failure(self) -> ProcessError:
        """Describe a process that ended by itself."""
        return ProcessError(
            f"{self.name} ended with status {self.returncode}. The last lines of {self.log}:\n{self.last_lines()}"
        )


def open_private(path: Path) -> BinaryIO:
    """Open a file of this user's own for appending, whatever the umask."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def set_aside_long_log(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))
