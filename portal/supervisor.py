"""A handful of programs that start together, are watched, and end together."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from portal.processes import Child, ProcessError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READY_SECONDS = 120.0  # a small machine under load took 50


class StopRequestedError(Exception):
    """Somebody asked this process to end: Ctrl-C, kill, or a closed terminal."""


@dataclass(frozen=True)
class Program:
    """What to run. `ready` is asked again and again until it says so; it gets the child, and may read its output."""

    name: str
    command: Sequence[str]
    ready: Callable[[Child], bool]
    stop_signal: int = signal.SIGTERM
    patience: float = 10.0  # seconds between the polite signal and SIGKILL


class Supervisor:
    """Runs programs as children in `folder`, a log file `<log_folder>/<name>.log` each.

    Leaving the `with` block stops them in reverse order. If this process is killed outright the kernel kills them
    (on Linux), so nothing is left running. Use it from the main thread.
    """

    def __init__(self, folder: Path, log_folder: Path) -> None:
        self.folder, self.log_folder = folder, log_folder
        self.running: list[tuple[Program, Child]] = []
        self.errands: list[Child] = []
        self.watched: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def start(self, program: Program, env: Mapping[str, str]) -> None:
        """Start without waiting. Raises ProcessError if the program cannot be run at all."""
        child = self._child(program.name, program.command, env, program.stop_signal)
        self.running.append((program, child))
        child.start()

    def begin(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start a program that does its work and ends: finish() waits for it."""
        child = self._child(name, command, env, signal.SIGTERM)
        self.errands.append(child)
        child.start()
        return child

    def wait_for(self, child: Child, ready: Callable[[Child], bool]) -> None:
        """Wait until what begin() started is as far as `ready` asks, or ends well. Raises ProcessError if it fails."""
        while child.returncode is None and not ready(child):
            self.check()
            time.sleep(0.02)
        if child.returncode:
            raise child.failure()

    def finish(self, child: Child) -> str:
        """Wait for the end of what begin() started and return its output. Raises ProcessError if it failed."""
        self.wait_for(child, lambda _child: False)
        return child.output()

    def _child(self, name: str, command: Sequence[str], env: Mapping[str, str], stop_signal: int) -> Child:
        log = self.log_folder / f"{name}.log"
        return Child(name, command, log, env=env, cwd=self.folder, stop_signal=stop_signal)

    def watch(self, children: Sequence[Child]) -> None:
        """Notice, too, when a process ends that somebody else starts and stops."""
        self.watched.extend(children)

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when every program is ready. Raises ProcessError, with the log's last lines, for one that is not."""
        deadline = time.monotonic() + seconds
        for program, child in self.running:
            while not program.ready(child):
                self.check()
                if time.monotonic() > deadline:
                    raise ProcessError(
                        f"{program.name} was not ready within {seconds:.0f} seconds. The last lines of {child.log}:\n"
                        f"{child.last_lines()}"
                    )
                time.sleep(0.05)
        self.check()

    def check(self) -> None:
        """Raise ProcessError if a process has ended by itself."""
        for child in (*self.watched, *(child for _program, child in self.running)):
            if child.returncode is not None:
                raise child.failure()

    def run(self) -> None:
        """Watch until StopRequestedError is raised, or ProcessError since a process ended by itself."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop what was started, the last first. Safe to call twice."""
        self.watched.clear()
        while self.errands:
            self.errands.pop().stop()
        while self.running:
            program, child = self.running.pop()
            child.stop(program.patience)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextlib.contextmanager
def signals_end_the_block() -> Iterator[None]:
    """Raise StopRequestedError inside the block for the first Ctrl-C, kill or hang-up; ignore the next ones.

    What the block has to undo is bounded in time, and must not be broken off half-way by an impatient second Ctrl-C.
    """
    before = {number: signal.signal(number, request_stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def request_stop(number: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise StopRequestedError(signal.Signals(number).name)
