"""What is heard of workers, and what it means that one is not heard of."""

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks.children import Helper
from benchmarks.worker import Workers
from portal.processes import ProcessError


class Nursery:
    """Starts all that it is told to, and hears of those that end in this order; of the others nothing more comes."""

    log = Path("worker.log")

    def __init__(self, *ended: int) -> None:
        self._started = 0
        self._said: deque[dict[str, Any]] = deque()
        self._ended = [{"pid": pid, "done": 10, "peak_mb": 1.0} for pid in ended]

    def tell(self, **words: Any) -> None:
        self._said += [{"started": self._started + place} for place in range(words["workers"])]
        self._started += words["workers"]

    def hear(self) -> dict[str, Any]:
        return self._said.popleft()

    def listen(self, _seconds: float) -> dict[str, Any] | None:
        return self._ended.pop(0) if self._ended else None


def after(*ended: int) -> int:
    """What three senders (0, 1 and 2) and a planner (3) have sent, of whom these came to their end."""
    nursery = cast("Helper", Nursery(*ended))
    return Workers(nursery, datetime(2026, 11, 22, tzinfo=UTC)).plan_and_drain(3, "email").done


def test_what_the_senders_did_is_added_up_without_the_planner() -> None:
    assert after(3, 0, 2, 1) == 30


@pytest.mark.parametrize("ended", [(), (3, 0, 2), (0, 1, 2)])
def test_one_of_whom_nothing_is_heard_is_a_fault_and_no_smaller_sum(ended: tuple[int, ...]) -> None:
    with pytest.raises(ProcessError, match="have said nothing"):
        after(*ended)
