"""`events`: events that a partner pushes, verified, kept and answered; one a request, and a hundred."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.limits.kept_message import PARTNER, SECRET
from benchmarks.measure import Trial, alternate, compare, expect, with_notes
from benchmarks.product import APPLIED_EVENTS, REPORTS, TOLD, Pusher, apply_pushed
from benchmarks.tables import checkpoint, count, empty
from benchmarks.web.client import Answer, ask_all, percentile
from benchmarks.web.server import web_server

CONNECTIONS: Final = 16
PORTION: Final = 100


def run(bench: Bench) -> Iterator[Figure]:
    """`events`, and `events.batch`. What is timed ends with the last answer; what is applied is counted after it."""
    n = make_book(bench.size.events, now=bench.now, ways=("phone",))
    empty(*TOLD)  # what others have left may have the ids that come next
    pusher = Pusher.of("lantern")
    with web_server(bench.logs, **{SECRET: pusher.secret, PARTNER: str(pusher.partner_id)}) as port:
        for name, portion in (("events", 1), ("events.batch", PORTION)):
            answers: dict[str, list[Answer]] = {}
            applied: list[float] = []
            series = alternate(
                bench.size.times,
                {
                    "limit": lambda: _limit(port, pusher, n, portion, answers),  # noqa: B023 - run before the next
                    "ours": lambda: _ours(port, pusher, n, portion, answers, applied),  # noqa: B023
                },
            )
            slow = percentile(answers["ours"], 0.99) / percentile(answers["limit"], 0.99)
            figure = compare(name, series["ours"], limit=series["limit"])
            yield with_notes(figure, f"p99 {slow:.1f} x limit's", f"applied at {n / min(applied):,.0f}/s")


def portions(pusher: Pusher, n: int, portion: int, path: str) -> list[bytes]:
    numbers = range(1, n + 1)
    return [pusher.request(numbers[first : first + portion], path) for first in range(0, n, portion)]


def _ours(
    port: int, pusher: Pusher, n: int, portion: int, answers: dict[str, list[Answer]], applied: list[float]
) -> Trial:
    trial, answers["ours"] = _push(port, portions(pusher, n, portion, ""), n)
    started = time.monotonic()
    expect("messages applied", len(answers["ours"]), apply_pushed())
    applied.append(time.monotonic() - started)
    expect("events applied", n, count(APPLIED_EVENTS, "status = 'applied'"))
    empty(REPORTS, "loans_payment", "loans_position")
    return trial


def _limit(port: int, pusher: Pusher, n: int, portion: int, answers: dict[str, list[Answer]]) -> Trial:
    trial, answers["limit"] = _push(port, portions(pusher, n, portion, "/benchmarks/keep"), n)
    empty(REPORTS)
    return trial


def _push(port: int, requests: Sequence[bytes], n: int) -> tuple[Trial, list[Answer]]:
    empty(REPORTS)
    checkpoint()
    started = time.monotonic()
    answers = ask_all(port, requests, connections=CONNECTIONS)
    trial = Trial(n, time.monotonic() - started)
    expect("answers that were not 202", 0, sum(answer.status != 202 for answer in answers))
    expect("messages kept", len(requests), count(REPORTS))
    return trial, answers
