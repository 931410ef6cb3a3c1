"""`memory`: the largest resident size of the planner and of a worker, in a small book and in a large one."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from benchmarks import product
from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.children import Helper, python
from benchmarks.figures import Figure
from benchmarks.measure import MissingError, VoidError
from benchmarks.peaks import children_of, peak_of
from benchmarks.peers.celery_rows import drop_tasks
from benchmarks.product import DELIVERIES, PROMPTS, TOLD
from benchmarks.programs.email import CHANNEL, SENT, mail_sink, mail_url
from benchmarks.tables import count, empty
from notifications import tasks
from portal.celery import app
from portal.processes import ProcessError

PATIENCE: Final = 60.0
A_RUN: Final = 100_000
"""Mails that one run of the task surely sends before it leaves the rest to the next sweep."""


def run(bench: Bench) -> Iterator[Figure]:
    """`memory.planner`, `memory.worker`, and `memory`: the larger of the two.

    `of_limit` is the size in the small book divided by that in the large one, so that 1 is no growth at all;
    `times_peer` is ours divided by a Celery worker process that has nothing to do.
    """
    if sys.platform != "linux":
        raise MissingError("only Linux says how much memory another process has held")
    idle = idle_celery(bench)
    figures = []
    for part, sizes in (("planner", bench.size.memory_planner), ("worker", bench.size.memory_worker)):
        small, large = (look_at(bench, part, n) for n in sizes)
        figures.append(
            Figure(
                name=f"memory.{part}",
                n=sizes[1],
                of_limit=small / large,
                times_peer=large / idle,
                peak_mb=large,
                notes=f"{large / small - 1:+.1%} from {sizes[0]:,} on",
            )
        )
    yield from figures
    most = max(figures, key=lambda figure: figure.peak_mb or 0.0)
    yield Figure(
        name="memory",
        n=most.n,
        of_limit=min(figure.of_limit or 0.0 for figure in figures),
        times_peer=most.times_peer,
        peak_mb=most.peak_mb,
        notes=f"an idle Celery process: {idle:.0f} MB",
    )


def look_at(bench: Bench, part: str, n: int) -> float:
    """Plan a book of `n`, and for the worker send all of it; returns the peak in MiB of the process that did."""
    make_book(n, now=bench.now)
    empty(*TOLD)
    with mail_sink(bench.logs) as (_sink, port):
        if part == "planner":
            with celery_process(bench, "planning") as pid:
                tasks.plan.apply_async(queue="planning")
                await_count(n, PROMPTS)
                return peak_of(pid)
        product.plan(bench.now, lambda: None)
        with celery_process(bench, CHANNEL, EMAIL_URL=mail_url(port)) as pid:
            for _ in range(0, n, A_RUN):
                tasks.send.apply_async(args=(CHANNEL,), queue=CHANNEL)
            await_count(n, DELIVERIES, SENT)
            return peak_of(pid)


def await_count(n: int, table: str, condition: str = "true") -> None:
    """Wait until so many rows are there. Raises VoidError when none has been added for a minute."""
    last, since = 0, time.monotonic()
    while (found := count(table, condition)) != n:
        if found != last:
            last, since = found, time.monotonic()
        if time.monotonic() - since > PATIENCE:
            raise VoidError(f"rows of {table}: expected {n}, found {found}")
        time.sleep(0.05 if n < 50_000 else 0.5)


def idle_celery(bench: Bench) -> float:
    """The process of the product's own Celery worker that would do a task, without any, in MiB."""
    with celery_process(bench, "benchmarks-idle") as pid:
        return peak_of(pid)


@contextmanager
def celery_process(bench: Bench, queue: str, **env: str) -> Iterator[int]:
    """Celery as production runs it, with one process for tasks; gives its id."""
    drop_tasks(app, queue)
    options = ["--concurrency", "1", "--queues", queue, "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    log = bench.logs / f"celery-{queue}.log"
    log.unlink(missing_ok=True)
    with Helper(python("celery", "-A", "portal", "worker", *options), log, {"LOG_LEVEL": "INFO", **env}) as worker:
        deadline = time.monotonic() + PATIENCE
        while " ready." not in log.read_text(errors="replace"):
            if time.monotonic() > deadline:
                raise ProcessError(f"Celery was not ready within {PATIENCE:.0f} seconds; see {log}.")
            time.sleep(0.05)
        yield children_of(worker.popen.pid)[0]
