"""Child processes that are spoken to: a line of JSON on standard input, a line of JSON back."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from portal.processes import ProcessError, open_private, tie_to_parent

PATIENCE = 3600.0
"""Seconds for an answer. A full run of a slow peer takes minutes; only a hanging one takes this."""


class Helper:
    """One process, started at once. Its standard error goes to `log`. Use it as a context manager."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with open_private(log) as errors:
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(env or {})},
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - prctl is one system call
            )
        self._unread = b""

    def tell(self, **words: Any) -> None:
        assert self.popen.stdin
        self.popen.stdin.write(json.dumps(words).encode() + b"\n")
        self.popen.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The next answer. Raises ProcessError when the process has ended or says nothing for all too long."""
        said = self.listen(PATIENCE)
        if said is None:
            raise ProcessError(f"{self.popen.args!r} has given no answer for {PATIENCE:.0f} seconds.")
        return said

    def listen(self, seconds: float) -> dict[str, Any] | None:
        """The next answer, if there is one within so many seconds. Raises ProcessError when the process has ended."""
        assert self.popen.stdout
        deadline = time.monotonic() + seconds
        while b"\n" not in self._unread:
            if not select.select([self.popen.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            piece = os.read(self.popen.stdout.fileno(), 65536)
            if not piece:
                raise ProcessError(f"{self.popen.args!r} has ended. The last lines of {self.log}:\n{self._last()}")
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **words: Any) -> dict[str, Any]:
        self.tell(**words)
        return self.hear()

    def stop(self) -> None:
        """End it. Safe to call twice."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _last(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def answer(**words: Any) -> None:
    """Say something to the process that started this one; one write, so that those of several do not mix."""
    os.write(1, json.dumps(words).encode() + b"\n")
