"""`evidence`: events written and sealed; then all of it verified."""

import time
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.limits.bare_insert import insert_bare
from benchmarks.measure import MissingError, Trial, alternate, compare, expect
from benchmarks.product import EVENTS, TOLD, seal_events, verify_events
from benchmarks.tables import checkpoint, count, empty
from benchmarks.worker import Workers, workers


def run(bench: Bench) -> Iterator[Figure]:
    """`evidence.written` without the seals, `evidence` with them, `evidence.verified` against its rate."""
    n = bench.size.evidence
    missing = _what_is_missing(bench)
    with workers(bench.logs, bench.now) as pool:
        contestants = {
            "written": lambda: _write(bench, pool, n, seal=False),
            "limit": lambda: insert_bare(n, (EVENTS,)),
            "sealed": lambda: _write(bench, pool, n, seal=True),
            "verified": lambda: _verify(n),
        }
        if missing:
            del contestants["sealed"], contestants["verified"]
        series = alternate(bench.size.times, contestants)
    yield compare("evidence.written", series["written"], limit=series["limit"])
    if missing:
        yield Figure(name="evidence", n=n, notes=missing)
        return
    yield compare("evidence", series["sealed"], limit=series["limit"])
    yield compare("evidence.verified", series["verified"], limit=series["sealed"])


def _what_is_missing(bench: Bench) -> str:
    try:
        seal_events(bench.now)
    except MissingError as missing:
        return str(missing)
    return ""


def _write(bench: Bench, pool: Workers, n: int, *, seal: bool) -> Trial:
    empty(*TOLD)
    checkpoint()
    started = time.monotonic()
    ended = pool.run("write_events", rows=n)
    if seal:
        seal_events(bench.now)
    trial = Trial(n, time.monotonic() - started, ended.peak_mb)
    expect("events written", n, count(EVENTS))
    return trial


def _verify(n: int) -> Trial:
    started = time.monotonic()
    verified = verify_events()
    trial = Trial(n, time.monotonic() - started)
    expect("events verified", n, verified)
    return trial
