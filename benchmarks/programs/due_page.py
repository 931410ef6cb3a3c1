"""`due_page`: a signed-in borrower's first page, many borrowers in rotation, when data has changed and when not."""

import time
from collections.abc import Iterator
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.measure import Series, Trial, alternate, compare, expect, with_notes
from benchmarks.product import TOLD
from benchmarks.tables import empty
from benchmarks.web.client import Answer, ask_all, percentile, write_request
from benchmarks.web.pages import CONNECTIONS, KEPT, Readers, count_queries, place_messages
from benchmarks.web.server import sign_in, web_server
from benchmarks.worker import workers

PAST: Final = 2
FUTURE: Final = 1
P95: Final = 0.95


def run(bench: Bench) -> Iterator[Figure]:
    """`due_page` fresh, `due_page.unchanged`, and `due_page.p95`: that of the smallest book by that of each other."""
    first, *others = bench.size.page_loans
    rounds = bench.size.page_rounds
    with web_server(bench.logs) as port:
        readers, latencies = open_book(bench, port, first), []

        def fresh() -> Trial:
            trial, answers = readers.look_at_news(rounds)
            latencies.append(percentile(answers, P95))
            return trial

        series = alternate(
            bench.size.times,
            {
                "limit": lambda: say_hello(port, len(readers.cookies) * rounds),
                "peer": lambda: _plain(readers, rounds),
                "ours": fresh,
                "unchanged": lambda: readers.look_again(rounds),
            },
        )
        queries = count_queries(next(iter(readers.cookies.values())))
        figure = compare("due_page", series["ours"], limit=series["limit"], peer=series["peer"])
        yield with_notes(figure, f"{queries} queries, p95 {1000 * min(latencies):.0f} ms")
        yield compare("due_page.unchanged", series["unchanged"], limit=series["limit"], peer=series["peer"])
        for loans in others:
            yield compare_p95(bench, port, loans, min(latencies))


def open_book(bench: Bench, port: int, loans: int) -> Readers:
    """A book of so many loans, two a borrower, whose borrowers have been told; gives readers spread over it, warm."""
    people = max(loans // 2, bench.size.page_borrowers)
    make_book(people, loans=loans, now=bench.now, past=PAST, future=FUTURE)
    empty(*TOLD)
    with workers(bench.logs, bench.now) as pool:
        expect("prompts", loans, pool.run("plan").done)
    place_messages()
    step = max(1, min(people, loans) // bench.size.page_borrowers)
    readers = Readers(port, sign_in(range(1, step * bench.size.page_borrowers + 1, step)))
    readers.look()
    return readers


def say_hello(port: int, n: int) -> Trial:
    requests = [write_request("/benchmarks/hello")] * n
    started = time.monotonic()
    answers = ask_all(port, requests, connections=CONNECTIONS, kept=KEPT)
    trial = Trial(n, time.monotonic() - started)
    expect("greetings", n, sum(answer.status == 200 for answer in answers))
    return trial


def compare_p95(bench: Bench, port: int, loans: int, smallest: float) -> Figure:
    """The page in a larger book. Its `of_limit` is the latency in the smallest book divided by that in this one."""
    readers, best = open_book(bench, port, loans), float("inf")
    series = Series()
    answers: list[Answer] = []
    for _ in range(bench.size.times):
        trial, answers = readers.look_at_news(bench.size.page_rounds)
        series.trials.append(trial)
        best = min(best, percentile(answers, P95))
    figure = compare("due_page.p95", series, limit=series.rate * best / smallest)
    return with_notes(figure, f"p95 {1000 * best:.0f} ms with {loans:,} loans")


def _plain(readers: Readers, rounds: int) -> Trial:
    total = sum(readers.look("/benchmarks/page")[1] for _ in range(rounds))
    return Trial(len(readers.cookies) * rounds, total)
