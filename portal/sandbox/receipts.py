"""When receipts are due. What one looks like, and how it travels, is each protocol's own."""

import asyncio
from collections.abc import Awaitable, Callable

from portal.sandbox.faults import Fault, Word
from portal.sandbox.store import Recorded

Report = Callable[[Recorded, Word], Awaitable[None]]


class Timetable:
    """Sends each message's receipts when its fault says so. `unit` is the usual delay in seconds."""

    def __init__(self, unit: float) -> None:
        self.unit = unit
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, message: Recorded, fault: Fault, report: Report) -> None:
        for step in fault.steps:
            task = asyncio.create_task(self._report_later(step.after, report, message, step.word))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _report_later(self, after: float, report: Report, message: Recorded, word: Word) -> None:
        await asyncio.sleep(after * self.unit)
        await report(message, word)

    async def close(self) -> None:
        """Receipts still to come are dropped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
