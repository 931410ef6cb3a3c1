"""`receipts`: one receipt a request over the network: verified, stored raw, answered; until it is applied."""

import time
from collections.abc import Iterator
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.measure import Trial, alternate, compare, expect, with_notes
from benchmarks.peers import anymail_bodies
from benchmarks.product import DELIVERIES, PLANNED, RECEIPTS, TOLD, apply_receipts, receipt_path
from benchmarks.tables import checkpoint, count, empty, rows, settle
from benchmarks.web.client import Answer, ask_all, percentile, write_request
from benchmarks.web.server import web_server
from benchmarks.worker import Workers, workers

CONNECTIONS: Final = 16
CHANNEL: Final = "sms"
ARRIVED: Final = f"channel = '{CHANNEL}' AND status = 'delivered'"


def run(bench: Bench) -> Iterator[Figure]:
    n = make_book(bench.size.receipts, now=bench.now, ways=("phone",))
    answers: dict[str, list[Answer]] = {}
    with workers(bench.logs, bench.now) as pool, web_server(bench.logs) as port:
        series = alternate(
            bench.size.times,
            {
                "limit": lambda: _limit(port, n, answers),
                "peer": lambda: _peer(pool, port),
                "ours": lambda: _ours(bench, pool, port, answers),
            },
        )
    figure = compare("receipts", series["ours"], limit=series["limit"], peer=series["peer"])
    yield with_notes(
        figure, f"p99 {percentile(answers['ours'], 0.99) / percentile(answers['limit'], 0.99):.1f} x limit's"
    )


def send_anew(pool: Workers) -> list[int]:
    """Plan the book and hand all of its text messages over; returns their deliveries."""
    empty(*TOLD)
    pool.run("plan")
    pool.run("claim", channel=CHANNEL)
    settle(*PLANNED)
    checkpoint()
    return [row[0] for row in rows(f"SELECT id FROM {DELIVERIES} WHERE channel = %s ORDER BY id", [CHANNEL])]


def _ours(bench: Bench, pool: Workers, port: int, answers: dict[str, list[Answer]]) -> Trial:
    ids = send_anew(pool)
    requests = [write_request(receipt_path(one)) for one in ids]
    started = time.monotonic()
    answers["ours"] = ask_all(port, requests, connections=CONNECTIONS)
    apply_receipts(bench.now)
    trial = Trial(len(ids), time.monotonic() - started)
    check_answers(answers["ours"])
    expect("receipts stored", len(ids), count(RECEIPTS))
    expect("deliveries that arrived", len(ids), count(DELIVERIES, ARRIVED))
    return trial


def _limit(port: int, n: int, answers: dict[str, list[Answer]]) -> Trial:
    requests = [write_request(f"/benchmarks/hello?{receipt_path(one).partition('?')[2]}") for one in range(1, n + 1)]
    started = time.monotonic()
    answers["limit"] = ask_all(port, requests, connections=CONNECTIONS)
    trial = Trial(n, time.monotonic() - started)
    check_answers(answers["limit"])
    return trial


def _peer(pool: Workers, port: int) -> Trial:
    ids = send_anew(pool)
    headers = anymail_bodies.HEADERS
    requests = [write_request("/benchmarks/anymail", body=anymail_bodies.write([one]), headers=headers) for one in ids]
    started = time.monotonic()
    answers = ask_all(port, requests, connections=CONNECTIONS)
    trial = Trial(len(ids), time.monotonic() - started)
    check_answers(answers)
    expect("deliveries that arrived at the peer", len(ids), count(DELIVERIES, ARRIVED))
    return trial


def check_answers(answers: list[Answer]) -> None:
    expect("answers that were not 200 or 202", 0, sum(answer.status not in (200, 202) for answer in answers))
