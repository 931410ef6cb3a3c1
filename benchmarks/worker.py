"""`python -m benchmarks.worker`: workers of the product, forked from one process that has loaded it, as Celery's are.

It is told `{"work": …, "workers": 2, …}` and answers for each worker first `{"started": pid}`, then, when that has
nothing more to do, `{"done": rows, "peak_mb": …}`. One that plans says `{"woken": true}` for each portion, or wakes
senders that live on meanwhile, with their connections.
"""

import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from benchmarks import wakes
from benchmarks.children import PATIENCE, Helper, answer, python
from portal.processes import ProcessError


def plan(now: datetime) -> int:
    """Says so each time that there is something to be sent."""
    from benchmarks import product

    return product.plan(now, lambda: answer(woken=True))


def drain(now: datetime, channel: str) -> int:
    from benchmarks import product

    return product.drain(channel, now)


def plan_and_wake(now: datetime, senders: int) -> int:
    """With each portion wakes so many who `drain_as_woken`, and tells them once that it was the last."""
    from benchmarks import product

    done = product.plan(now, lambda: wakes.wake(senders))
    wakes.end(senders)
    return done


def drain_as_woken(now: datetime, channel: str) -> int:
    from benchmarks import product

    return sum(product.drain(channel, now) for _ in wakes.waits())


def drain_late(now: datetime, channel: str) -> int:
    """As somewhat later, when what was in doubt may be sent again."""
    from django.conf import settings

    from benchmarks import product

    return product.drain(channel, now + settings.RETRY_AFTER)


def drain_wide(now: datetime, in_flight: int) -> int:
    from benchmarks import product

    product.widen_sms(in_flight)
    return product.drain("sms", now)


def claim(now: datetime, channel: str) -> int:
    from benchmarks import product

    return product.claim_and_record(channel, now)


def free(now: datetime) -> int:
    from benchmarks import product

    return product.free_the_dead(now)


def write_events(now: datetime, rows: int) -> int:
    from benchmarks import product

    return product.write_events(rows, now)


def sweep_events(now: datetime, seconds: float) -> int:
    """As beat and a worker do: once a second, for so long."""
    from benchmarks import product

    done, ends = 0, time.monotonic() + seconds
    while time.monotonic() < ends:
        started = time.monotonic()
        done += product.apply_pushed()
        time.sleep(max(0.0, started + 1.0 - time.monotonic()))
    return done


def read_callbacks(now: datetime, callbacks: int) -> int:
    """As beat and a worker do: once a second, until so many have been read, by whomever."""
    from benchmarks import product

    done = 0
    while True:
        following = time.monotonic() + 1.0
        done += product.apply_receipts(now)
        while time.monotonic() < following:
            if product.callbacks_read() >= callbacks:
                return done
            time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker that found nothing more to do: how many rows it did, and its largest resident size in MiB.

    `fault` names what broke it off.
    """

    pid: int
    done: int
    peak_mb: float
    fault: str = ""


WORKS: Final[dict[str, Callable[..., int]]] = {
    work.__name__: work
    for work in (
        plan,
        plan_and_wake,
        drain,
        drain_as_woken,
        drain_late,
        drain_wide,
        claim,
        free,
        write_events,
        sweep_events,
        read_callbacks,
    )
}


class Workers:
    """The nursery as its user sees it."""

    def __init__(self, helper: Helper, now: datetime) -> None:
        self._helper = helper
        self._now = now.isoformat()
        self._ended: deque[Ended] = deque()

    def begin(self, work: str, workers: int = 1, **more: Any) -> list[int]:
        """Start so many workers; returns their process ids."""
        self._helper.tell(work=work, workers=workers, now=self._now, more=more)
        started: list[int] = []
        while len(started) < workers:
            said = self._helper.hear()
            if "started" in said:
                started.append(said["started"])
            elif "woken" not in said:
                self._ended.append(Ended(**said))
        return started

    def begin_planning(self) -> int:
        """Start a planner; returns its process id once there is something to be sent, or it has ended."""
        [planner] = self.begin("plan")
        said = self._helper.hear()
        if "woken" not in said:
            self._ended.append(Ended(**said))
        return planner

    def wait(self, seconds: float) -> Ended | None:
        """The next one that has come to its end, if there is one within so many seconds.

        Raises ProcessError for one that broke off.
        """
        ended = self._ended.popleft() if self._ended else self._hear_of_one(seconds)
        return self._sound(ended) if ended else None

    def _sound(self, ended: Ended) -> Ended:
        if ended.fault:
            raise ProcessError(f"A worker broke off with {ended.fault}; see {self._helper.log}.")
        return ended

    def _hear_of_one(self, seconds: float) -> Ended | None:
        until = time.monotonic() + seconds
        while said := self._helper.listen(max(0.0, until - time.monotonic())):
            if "woken" not in said:
                return Ended(**said)
        return None

    def run(self, work: str, workers: int = 1, **more: Any) -> Ended:
        """Start some and wait for all; returns what they did together and the highest peak."""
        self.begin(work, workers, **more)
        return together(self._wait_for(workers))

    def plan_and_drain(self, workers: int, channel: str) -> Ended:
        """Plan, and send what is there from the first portion on; returns what the senders did.

        Those who have sent all before the next portion is there are woken by that one, and once more at the end.
        """
        self.begin("drain_as_woken", workers, channel=channel)
        [planner] = self.begin("plan_and_wake", senders=workers)
        ended = self._wait_for(workers + 1)
        return together([one for one in ended if one.pid != planner])

    def _wait_for(self, workers: int) -> list[Ended]:
        """What they did. Raises ProcessError where one is not heard of any more: it may have been killed, and the sum
        of what the others did would pass for the whole.
        """
        ended: list[Ended] = []
        while len(ended) < workers:
            one = self.wait(PATIENCE)
            if one is None:
                raise ProcessError(
                    f"{workers - len(ended)} of {workers} workers have said nothing; see {self._helper.log}."
                )
            ended.append(one)
        return ended


def together(ended: list[Ended]) -> Ended:
    """What some did, and the highest peak among them."""
    return Ended(pid=0, done=sum(one.done for one in ended), peak_mb=max(one.peak_mb for one in ended))


@contextmanager
def workers(logs: Path, now: datetime, **env: str) -> Iterator[Workers]:
    with Helper(python("benchmarks.worker"), logs / "worker.log", env) as helper:
        helper.hear()
        yield Workers(helper, now)


def main() -> None:
    import django

    django.setup()
    import benchmarks.product  # noqa: F401 - loaded once, before the fork
    import notifications.channels.kannel  # noqa: F401
    from portal.celery import load

    load()
    wakes.pipe()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a worker that was killed
    answer(ready=True)
    while line := sys.stdin.readline():
        told = json.loads(line)
        for _ in range(told["workers"]):
            pid = os.fork()
            if pid == 0:
                os._exit(run(told))
            answer(started=pid)


def run(told: dict[str, Any]) -> int:
    """The life of one worker; returns its exit status."""
    import traceback

    from benchmarks.peaks import peak_of

    try:
        done = WORKS[told["work"]](datetime.fromisoformat(told["now"]), **told["more"])
        answer(pid=os.getpid(), done=done, peak_mb=peak_of())
    except Exception as error:
        traceback.print_exc()
        answer(pid=os.getpid(), done=0, peak_mb=0.0, fault=type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    main()
