"""`planning`: installments due -> prompts and first deliveries; then planned again with nothing new."""

import time
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.limits.bare_insert import insert_bare
from benchmarks.limits.least_plan import insert_least
from benchmarks.measure import Trial, alternate, compare, expect
from benchmarks.peers.bulk_create import plan_by_objects
from benchmarks.product import DELIVERIES, EVENTS, PLANNED, PROMPTS, STARTED_ON, TOLD
from benchmarks.tables import checkpoint, count, empty, scalar, settle
from benchmarks.worker import Workers, workers


def run(bench: Bench) -> Iterator[Figure]:
    """`planning`; `planning.again`, whose limit is the bare insert too: 2 means half of its time; and
    `planning.least`, which is the bare insert with the least that a plan adds to it.
    """
    n = make_book(bench.size.planning, now=bench.now)
    with workers(bench.logs, bench.now) as pool:
        series = alternate(
            bench.size.times,
            {
                "ours": lambda: plan(pool, n),
                "again": lambda: plan_again(pool, n),
                "limit": lambda: insert_bare(n, PLANNED),
                "least": lambda: insert_least(n, PLANNED),
                "peer": lambda: _peer(bench),
            },
        )
    yield compare("planning", series["ours"], limit=series["limit"], peer=series["peer"])
    yield compare("planning.again", series["again"], limit=series["limit"])
    yield compare("planning.least", series["least"], limit=series["limit"], peer=series["peer"])


def plan(pool: Workers, n: int) -> Trial:
    """Plan a book of `n` into empty tables."""
    empty(*TOLD)
    checkpoint()
    trial = time_planning(pool, n)
    check_planned(n)
    return trial


def plan_again(pool: Workers, n: int) -> Trial:
    """Plan the same book, of which nothing is new."""
    settle(*PLANNED)
    started = time.monotonic()
    ended = pool.run("plan")
    trial = Trial(n, time.monotonic() - started, ended.peak_mb)
    expect("prompts planned again", 0, ended.done)
    return trial


def time_planning(pool: Workers, n: int) -> Trial:
    started = time.monotonic()
    ended = pool.run("plan")
    trial = Trial(n, time.monotonic() - started, ended.peak_mb)
    expect("new prompts", n, ended.done)
    return trial


def check_planned(n: int) -> None:
    """Each installment has its prompt, once, and each prompt its deliveries and its event."""
    expect("prompts", n, count(PROMPTS))
    expect("installments with a prompt", n, scalar(f"SELECT count(DISTINCT installment_id) FROM {PROMPTS}"))
    expect("deliveries", STARTED_ON * n, count(DELIVERIES))
    expect("events", n, count(EVENTS))


def _peer(bench: Bench) -> Trial:
    empty(*TOLD)
    return plan_by_objects(bench.size.planning_peer, bench.now)
