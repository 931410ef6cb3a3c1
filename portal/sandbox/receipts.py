"""When receipts are due. What one looks like, and how it travels, is each protocol's own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from portal.sandbox.faults import Fault, Word
from portal.sandbox.messages import Recorded

OVERTAKEN_SECONDS: Final = 3.0
"""The longest that an answer waits to be overtaken by a receipt."""
BEHIND: Final = 10.0
"""How far behind the receipt the answer to a text message then comes, in units: who reads receipts in sweeps has read
it by then.
"""

Report = Callable[[Recorded, Word], Awaitable[None]]


class Timetable:
    """Sends each message's receipts when its fault says so. `unit` is the usual delay in seconds."""

    def __init__(self, unit: float) -> None:
        self.unit = unit
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def coming(self) -> int:
        """Messages of which receipts are still to come."""
        return len(self._tasks)

    def follow(self, message: Recorded, fault: Fault, report: Report) -> None:
        task = asyncio.create_task(self._follow(message, fault, report))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, message: Recorded, fault: Fault, report: Report) -> None:
        """One after another: receipts overtake each other where the table says so, and never by chance."""
        begun = asyncio.get_running_loop().time()
        for step in fault.steps:
            await asyncio.sleep(begun + step.after * self.unit - asyncio.get_running_loop().time())
            await report(message, step.word)

    async def close(self) -> None:
        """Receipts still to come are dropped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
