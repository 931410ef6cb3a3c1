"""`evidence`: events written and sealed; then all of it verified."""

import time
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.limits.bare_insert import insert_bare
from benchmarks.limits.plain_insert import insert_again, set_aside
from benchmarks.measure import Trial, alternate, compare, expect
from benchmarks.product import EVENTS, TOLD, seal_events, verify_events
from benchmarks.tables import checkpoint, count, empty
from benchmarks.worker import Workers, workers


def run(bench: Bench) -> Iterator[Figure]:
    """`evidence.written` as sending writes them, against a bare INSERT; `evidence` written by one INSERT and sealed,
    against that INSERT alone; `evidence.verified` against it, too.
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
                    "plain": lambda: _write_at_once(bench, n, seal=False),
                    "sealed": lambda: _write_at_once(bench, n, seal=True),
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


def _write_at_once(bench: Bench, n: int, *, seal: bool) -> Trial:
    empty(*TOLD)
    checkpoint()
    started = time.monotonic()
    written = insert_again(EVENTS)
    sealed = seal_events(bench.now) if seal else 0
    trial = Trial(n, time.monotonic() - started)
    expect("events written and sealed", (n, n if seal else 0), (written, sealed))
    return trial


def _verify(n: int) -> Trial:
    started = time.monotonic()
    verified = verify_events()
    trial = Trial(n, time.monotonic() - started)
    expect("events verified", n, verified)
    return trial
