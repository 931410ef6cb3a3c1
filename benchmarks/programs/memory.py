"""`memory`: the largest resident size of the planner and of a worker, in a small book and in a large one."""

import os
import signal
import time
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.children import Helper, python
from benchmarks.figures import Figure
from benchmarks.measure import expect
from benchmarks.peaks import children_of, peak_of
from benchmarks.product import TOLD
from benchmarks.programs.email import CHANNEL, mail_sink, mail_url
from benchmarks.tables import empty
from benchmarks.worker import Ended, workers
from portal.processes import ProcessError

READY_SECONDS = 60.0


def run(bench: Bench) -> Iterator[Figure]:
    """`memory.planner`, `memory.worker`, and `memory`: the larger of the two.

    `of_limit` is the size in the small book divided by that in the large one, so that 1 is no growth at all;
    `times_peer` is ours divided by a Celery worker process that has nothing to do.
    """
    idle = idle_celery(bench)
    figures = []
    for part, sizes in (("planner", bench.size.memory_planner), ("worker", bench.size.memory_worker)):
        small, large = (look_at(bench, part, n) for n in sizes)
        figures.append(
            Figure(
                name=f"memory.{part}",
                n=sizes[1],
                of_limit=small.peak_mb / large.peak_mb,
                times_peer=large.peak_mb / idle if idle else None,
                peak_mb=large.peak_mb,
                notes=f"{large.peak_mb / small.peak_mb - 1:+.1%} from {sizes[0]:,} on",
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


def look_at(bench: Bench, part: str, n: int) -> Ended:
    """Plan a book of `n`, and for the worker send all of it; returns the process that is asked for."""
    make_book(n, now=bench.now)
    empty(*TOLD)
    with mail_sink(bench.logs) as (_sink, port), workers(bench.logs, bench.now, EMAIL_URL=mail_url(port)) as pool:
        ended = pool.run("plan")
        if part == "worker":
            ended = pool.run("drain", channel=CHANNEL)
    expect(f"rows of the {part}", n, ended.done)
    return ended


def idle_celery(bench: Bench) -> float:
    """The largest process of the product's own Celery worker without a task, in MiB; 0 off Linux."""
    command = python("celery", "-A", "portal", "worker", "--concurrency", "1", "--queues", "benchmarks-idle", "--loglevel", "INFO")
    with Helper(command, bench.logs / "idle.log", {"LOG_LEVEL": "INFO"}) as worker:
        deadline = time.monotonic() + READY_SECONDS
        while " ready." not in worker.log.read_text(errors="replace"):
            if time.monotonic() > deadline:
                raise ProcessError(f"Celery was not ready within {READY_SECONDS:.0f} seconds; see {worker.log}.")
            time.sleep(0.05)
        processes = [worker.popen.pid, *children_of(worker.popen.pid)]
        peaks = [peak_of(pid) for pid in processes]
        os.kill(worker.popen.pid, signal.SIGTERM)
    bench.say(f"Celery without a task: {', '.join(f'{peak:.0f}' for peak in peaks)} MB")
    return max(peaks)
