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
READY_SECONDS = 40.0


class StopRequestedError(Exception):
    """Somebody asked this process to end: Ctrl-C, kill, or a closed terminal."""


@dataclass(frozen=True)
class Program:
    """What to run. `ready` is asked again and again until it says so; it gets the child, and may read its log.

    `death_signal` is what the program gets when the supervisor is killed outright: one upon which it ends at once,
    and its own children with it.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[Child], bool]
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    patience: float = 10.0  # seconds between the polite signal and SIGKILL


class Supervisor:
    """Runs programs as children, a log file `<log_folder>/<name>.log` each.

    Leaving the `with` block stops them in reverse order. Use it from the main thread.
    """

    def __init__(self, log_folder: Path, env: Mapping[str, str]) -> None:
        self.log_folder, self.env = log_folder, env
        self.started: list[tuple[Program, Child]] = []
        self.watched: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def start(self, program: Program) -> None:
        """Start without waiting. Raises ProcessError if the program cannot be run at all."""
        child = Child(
            name=program.name,
            command=program.command,
            log=self.log_folder / f"{program.name}.log",
            env=self.env,
            stop_signal=program.stop_signal,
            death_signal=program.death_signal,
        )
        child.start()
        self.started.append((program, child))
        self.watched.append(child)

    def watch(self, children: Sequence[Child]) -> None:
        """Look after processes that somebody else starts and stops, too."""
        self.watched.extend(children)

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when every program is ready. Raises ProcessError, with the log's last lines, for one that is not."""
        deadline = time.monotonic() + seconds
        for program, child in self.started:
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
        """Raise ProcessError if one has ended."""
        for child in self.watched:
            if child.returncode is not None:
                raise child.failure()

    def run(self) -> None:
        """Watch until StopRequestedError is raised, or ProcessError since a program ended by itself."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop what was started, the last first. Safe to call twice."""
        self.watched.clear()
        while self.started:
            program, child = self.started.pop()
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
