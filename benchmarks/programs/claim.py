"""`claim`: deliveries claimed and their outcome recorded by two workers, nothing sent."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.limits.set_update import claim_and_record
from benchmarks.measure import Trial, alternate, compare, expect
from benchmarks.peers.celery_rows import celery_workers, finish_by_tasks
from benchmarks.product import DELIVERIES, EVENTS, PLANNED, TOLD
from benchmarks.tables import checkpoint, count, empty, settle
from benchmarks.worker import Workers, workers

CHANNEL: Final = "email"
WORKERS: Final = 2


def run(bench: Bench) -> Iterator[Figure]:
    n = make_book(bench.size.claim, now=bench.now)
    with workers(bench.logs, bench.now) as pool, celery_workers(bench.logs):
        series = alternate(
            bench.size.times,
            {
                "ours": lambda: _anew(pool, lambda: claim(pool, n)),
                "limit": lambda: _anew(pool, lambda: claim_and_record(n, CHANNEL, bench.now)),
                "peer": lambda: _anew(pool, lambda: finish_by_tasks(bench.size.claim_peer, CHANNEL)),
            },
        )
    yield compare("claim", series["ours"], limit=series["limit"], peer=series["peer"])


def claim(pool: Workers, n: int) -> Trial:
    """Claim and record `n` queued deliveries."""
    before = count(EVENTS)
    checkpoint()
    started = time.monotonic()
    ended = pool.run("claim", WORKERS, channel=CHANNEL)
    trial = Trial(n, time.monotonic() - started, ended.peak_mb)
    expect("deliveries claimed by all workers", n, ended.done)
    sent_once = count(DELIVERIES, f"status = 'sent' AND attempts = 1 AND channel = '{CHANNEL}'")
    expect("deliveries recorded as sent once", n, sent_once)
    expect("events of their sending", n, count(EVENTS) - before)
    return trial


def _anew(pool: Workers, trial: Callable[[], Trial]) -> Trial:
    empty(*TOLD)
    pool.run("plan")
    settle(*PLANNED)
    return trial()
