"""Has what a web process counted written a moment later, and when the process ends, by a thread of its own."""

import atexit
from threading import Event, Lock, Thread
from time import sleep
from typing import Final, Protocol

from django.db import connection

from loans.tally import EVERY


class Write(Protocol):
    def __call__(self, *, everything: bool = False) -> None: ...


class WrittenLater:
    """Calls `write` once within some two seconds of being asked, however often that is, and with `everything` as the
    process ends.

    Does nothing until it is switched on, as a server's process does: a command or a test has no use for a thread with a
    connection of its own. The thread begins when it is first asked, after the server has forked.
    """

    def __init__(self, write: Write) -> None:
        self._write: Final = write
        self._asked: Final = Event()
        self._beginning: Final = Lock()
        self._on = self._begun = False

    def switch_on(self) -> None:
        self._on = True

    def ask(self) -> None:
        """Costs a flag."""
        if not self._on or self._asked.is_set():
            return
        self._asked.set()
        with self._beginning:
            if not self._begun:
                self._begun = True
                atexit.register(self._write, everything=True)
                Thread(target=self._go_on, daemon=True, name="written later").start()

    def _go_on(self) -> None:
        while True:
            self._asked.wait()
            sleep(EVERY.total_seconds())
            self._asked.clear()  # before it is written: what is counted meanwhile asks anew
            self._write()
            connection.close()  # this thread's own, which a quiet day has no use for
