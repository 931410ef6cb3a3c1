"""`evidence`: events written and sealed; then all of it verified."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

from django.db import connection

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.limits.bare_insert import insert_bare
from benchmarks.limits.plain_insert import insert_again, set_aside
from benchmarks.measure import Trial, alternate, compare, expect
from benchmarks.product import EVENTS, TOLD, seal_events, verify_events
from benchmarks.tables import checkpoint, count, empty
from benchmarks.worker import Workers, workers


def run(bench: Bench) -> Iterator[Figure]:
    """`evidence.written` as sending writes them, against a bare INSERT; `evidence` written in the portions of a large
    plan and sealed meanwhile, against the same written alone; `evidence.verified` against that, too.
    """
    n = bench.size.evidence
    with workers(bench.logs, bench.now) as pool:
        _write(pool, n)
        with set_aside(EVENTS):
            series = alternate(
                bench.size.times,
                {
                    "written": lambda: _write(pool, n),
                    "bare": lambda: insert_bare(n, (EVENTS,)),
                    "plain": lambda: _write_alone(n),
                    "sealed": lambda: _write_and_seal(bench, n),
                    "verified": lambda: _verify(n),
                },
            )
    yield compare("evidence.written", series["written"], limit=series["bare"])
    yield compare("evidence", series["sealed"], limit=series["plain"])
    yield compare("evidence.verified", series["verified"], limit=series["plain"])


def _write(pool: Workers, n: int) -> Trial:
    empty(*TOLD)
    checkpoint()
    started = time.monotonic()
    ended = pool.run("write_events", rows=n)
    trial = Trial(n, time.monotonic() - started, ended.peak_mb)
    expect("events written", n, count(EVENTS))
    return trial


def _write_alone(n: int) -> Trial:
    empty(*TOLD)
    checkpoint()
    started = time.monotonic()
    written = insert_again(EVENTS)
    trial = Trial(n, time.monotonic() - started)
    expect("events written", n, written)
    return trial


def _write_and_seal(bench: Bench, n: int) -> Trial:
    """One connection writes while the sealer seals what is there, as the task does again and again."""
    empty(*TOLD)
    checkpoint()
    started, sealed = time.monotonic(), 0
    with ThreadPoolExecutor(1) as other:
        writer = other.submit(_write_beside)
        while not writer.done():
            sealed += seal_events(bench.now)
            wait([writer], timeout=0.001)
        sealed += seal_events(bench.now)
    trial = Trial(n, time.monotonic() - started)
    expect("events written and sealed", (n, n), (writer.result(), sealed))
    return trial


def _write_beside() -> int:
    try:
        return insert_again(EVENTS)
    finally:
        connection.close()


def _verify(n: int) -> Trial:
    started = time.monotonic()
    verified = verify_events()
    trial = Trial(n, time.monotonic() - started)
    expect("events verified", n, verified)
    return trial
