"""`email_killed`: the same as `email`, while one of the two workers is killed (-9) each second and another started.

What a dead worker had claimed is free as soon as its connection has ended. Once the living have nothing more to do, it
is freed and sent. That last part is timed, too.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.children import Helper
from benchmarks.figures import Figure
from benchmarks.measure import Trial, alternate, compare, expect
from benchmarks.product import DELIVERIES, TOLD
from benchmarks.programs.email import CHANNEL, SENT, mail_sink, mail_url, send_all
from benchmarks.tables import checkpoint, count, empty
from benchmarks.worker import Workers, workers

WORKERS: Final = 2
EVERY: Final = 1.0
"""Seconds between two kills."""


def run(bench: Bench) -> Iterator[Figure]:
    n = make_book(bench.size.email_killed, now=bench.now)
    with mail_sink(bench.logs) as (sink, port), workers(bench.logs, bench.now, EMAIL_URL=mail_url(port)) as pool:
        series = alternate(
            bench.size.times,
            {"undisturbed": lambda: send_all(pool, sink, n, WORKERS), "killed": lambda: send_killed(pool, sink, n)},
        )
    yield compare("email_killed", series["killed"], limit=series["undisturbed"])


def send_killed(pool: Workers, sink: Helper, n: int) -> Trial:
    """Plan and send a book of `n` under kills; the notes say what it came to at the sink."""
    empty(*TOLD)
    sink.ask(reset=True)
    checkpoint()
    started = time.monotonic()
    planner = pool.begin_planning()
    kills, peak = drain_killed(pool, planner)
    freed = pool.run("free").done
    pool.run("drain_late", WORKERS, channel=CHANNEL)
    seconds = time.monotonic() - started
    got = sink.ask(report=True)
    expect("deliveries recorded as sent", n, count(DELIVERIES, SENT))
    expect("people who got mail, none lost", n, got["recipients"])
    expect("repeats under another Message-ID", 0, got["strangers"])
    notes = f"{kills} kills, {freed} freed, {n - got['recipients']} lost, {got['repeats']} twice by the same Message-ID"
    return Trial(n, seconds, peak, notes)


def drain_killed(pool: Workers, planner: int) -> tuple[int, float]:
    """Drain until all is planned and the living find nothing more; returns the number of kills and the highest peak of
    those who came to their end.
    """
    alive, planning = pool.begin("drain", WORKERS, channel=CHANNEL), True
    kills, peak, next_kill = 0, 0.0, time.monotonic() + EVERY
    while alive or planning:
        ended = pool.wait(max(0.0, next_kill - time.monotonic()))
        if ended and ended.pid == planner:
            planning = False
        elif ended and ended.pid in alive:
            alive.remove(ended.pid)
            peak = max(peak, ended.peak_mb)
        if alive and time.monotonic() >= next_kill:
            with suppress(ProcessLookupError):
                os.kill(alive.pop(0), signal.SIGKILL)
            kills += 1
            alive += pool.begin("drain", 1, channel=CHANNEL)
            next_kill = time.monotonic() + EVERY
    return kills, peak
