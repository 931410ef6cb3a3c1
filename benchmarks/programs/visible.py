"""`visible`: a hundred events a second are pushed; how long until the borrower's open page shows what was said."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.measure import Series, Trial, compare, expect
from benchmarks.product import APPLIED_EVENTS, TOLD, Pusher
from benchmarks.programs.events import portions
from benchmarks.tables import count, empty
from benchmarks.web.follow import Followed, push_and_follow
from benchmarks.web.server import sign_in, web_server
from benchmarks.worker import workers

RATE: Final = 100
"""Events a second."""
EVERY: Final = 20
"""One of so many is followed to its borrower's page; following all would measure the pages."""
GOAL: Final = 5.0
"""Seconds from the push to the page, at the 99th percentile."""


def run(bench: Bench) -> Iterator[Figure]:
    """`seconds` is the p99 of the push to the page, `of_limit` the goal divided by it: 1 and more keeps the goal."""
    n = make_book(bench.size.visible, now=bench.now, ways=("phone",))
    empty(*TOLD)
    pusher = Pusher.of("lantern")
    followed = range(EVERY, n + 1, EVERY)
    cookies = sign_in(followed)  # the book's loan and its borrower have the same number
    with workers(bench.logs, bench.now) as pool, web_server(bench.logs) as port:
        pool.begin("sweep_events", seconds=n / RATE + 2 * GOAL)
        requests = portions(pusher, n, 1, "")
        pages = [Followed(number - 1, f"/loans/{number}/", cookies[number]) for number in followed]
        waits = asyncio.run(push_and_follow(port, requests, pages, rate=RATE, patience=4 * GOAL))
        while pool.wait(1.0) is None:
            pass
    expect("events applied", n, count(APPLIED_EVENTS, "status = 'applied'"))
    yield _figure(n, waits)


def _figure(n: int, waits: Sequence[float]) -> Figure:
    ordered = sorted(waits)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    trial = Trial(1, p99, notes=f"{n} events; p50 {ordered[len(ordered) // 2]:.1f} s of {len(ordered)} pages")
    return compare("visible", Series([trial]), limit=1 / GOAL)
