"""The running programs by their names: each can be killed, frozen and started again."""

import os
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path

from notifications.tests.peers import wait_until
from portal.processes import Child
from portal.supervisor import Program

READY_SECONDS = 120.0


class Crew:
    """Children of this process, in `folder`, with their logs in `log_folder`. Use it from the main thread."""

    def __init__(self, folder: Path, log_folder: Path, env: Mapping[str, str]) -> None:
        self.folder, self.log_folder, self.env = folder, log_folder, env
        self._running: dict[str, tuple[Program, Child]] = {}
        self._frozen: set[str] = set()

    def start(self, program: Program, **env: str) -> None:
        """Start without waiting."""
        log = self.log_folder / f"{program.name}.log"
        child = Child(program.name, program.command, log, env={**self.env, **env}, cwd=self.folder)
        child.start()
        self._running[program.name] = program, child

    def wait_until_ready(self, *names: str) -> None:
        for name in names:
            program, child = self._running[name]

            def is_ready(program: Program = program, child: Child = child) -> bool:
                if child.returncode is not None:
                    raise child.failure()
                return program.ready(child)

            wait_until(f"{name} was ready", is_ready, READY_SECONDS)

    def restore(self, programs: Iterable[Program]) -> None:
        """Have exactly these running: strangers are killed, the frozen go on, what is missing is started."""
        wanted = {program.name: program for program in programs}
        for name in [*self._running]:
            if name not in wanted or self._child(name).returncode is not None:
                self.kill(name)
            elif name in self._frozen:
                self.thaw(name)
        missing = [name for name in wanted if name not in self._running]
        for name in missing:
            self.start(wanted[name])
        self.wait_until_ready(*missing)

    def kill(self, name: str) -> None:
        """kill -9: the program and all its children at once."""
        child = self._child(name)
        self._signal(name, signal.SIGKILL)
        if child.popen:
            child.popen.wait()
        del self._running[name]
        self._frozen.discard(name)

    def restart(self, name: str) -> None:
        """kill -9, and start it again without waiting."""
        program = self._running[name][0]
        self.kill(name)
        self.start(program)

    def fallen(self) -> list[str]:
        """Those that have ended by themselves."""
        return [name for name in self._running if self._child(name).returncode is not None]

    def written(self, name: str, text: str) -> int:
        """How often a program has logged this."""
        return self._child(name).output().count(text)

    def kill_a_child(self, name: str) -> None:
        """kill -9 of the youngest child of a program: of a worker, one of those that do the work.

        Celery (5.7) ends a worker that loses one of them while it boots; so that one is killed whole, and started
        again, as whoever keeps it running would.
        """
        program, child = self._running[name]
        if not program.ready(child):
            self.restart(name)
        elif children := self._children(name):
            os.kill(max(children), signal.SIGKILL)

    def freeze(self, name: str) -> None:
        self._signal(name, signal.SIGSTOP)
        self._frozen.add(name)

    def thaw(self, name: str) -> None:
        self._signal(name, signal.SIGCONT)
        self._frozen.discard(name)

    def stop(self) -> None:
        """The last first."""
        for name in reversed([*self._running]):
            self.kill(name)

    def _child(self, name: str) -> Child:
        return self._running[name][1]

    def _children(self, name: str) -> list[int]:
        popen = self._child(name).popen
        path = Path(f"/proc/{popen.pid}/task/{popen.pid}/children") if popen else Path()
        return [int(word) for word in path.read_text().split()]

    def _signal(self, name: str, number: signal.Signals) -> None:
        popen = self._child(name).popen
        if popen is None:
            raise RuntimeError(f"{name} was never started.")
        try:
            os.killpg(popen.pid, number)
        except ProcessLookupError:
            return
