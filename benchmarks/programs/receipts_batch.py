"""`receipts_batch`: a hundred receipts a request, until they are applied; a worker reads them meanwhile."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.children import PATIENCE
from benchmarks.figures import Figure
from benchmarks.limits.set_update import arrive, arrive_and_record
from benchmarks.limits.thin_door import APPLICATION as THIN_DOOR
from benchmarks.measure import MissingError, Trial, alternate, compare, expect
from benchmarks.peers import anymail_bodies
from benchmarks.product import CALLBACKS, DELIVERIES, RECEIPTS, apply_receipts, receipts_request
from benchmarks.programs.receipts import ARRIVED, CHANNEL, CONNECTIONS, check_answers, send_anew
from benchmarks.tables import count
from benchmarks.web.client import ask_all, write_request
from benchmarks.web.server import web_server
from benchmarks.worker import Workers, workers

PORTION: Final = 100


def run(bench: Bench) -> Iterator[Figure]:
    n = make_book(bench.size.receipts_batch, now=bench.now, ways=("phone",))
    missing = _what_is_missing()
    with (
        workers(bench.logs, bench.now) as pool,
        web_server(bench.logs) as port,
        web_server(bench.logs, "thin", THIN_DOOR) as thin,
    ):
        contestants = {
            "limit": lambda: _limit(bench, pool),
            "least": lambda: _least(bench, pool, thin),
            "peer": lambda: _peer(pool, port, bench.size.receipts_batch_peer),
            "ours": lambda: _ours(bench, pool, port),
        }
        if missing:
            del contestants["ours"]
        series = alternate(bench.size.times, contestants)
    if missing:
        limit, peer = series["limit"].best, series["peer"].rate
        yield Figure(name="receipts_batch", n=n, notes=f"{missing}; limit {limit:,.0f}/s, peer {peer:,.0f}/s")
    else:
        yield compare("receipts_batch", series["ours"], limit=series["limit"], peer=series["peer"])
    yield compare("receipts_batch.least", series["least"], limit=series["limit"], peer=series["peer"])


def _what_is_missing() -> str:
    try:
        receipts_request([1])
    except MissingError as missing:
        return str(missing)
    return ""


def _ours(bench: Bench, pool: Workers, port: int) -> Trial:
    ids = send_anew(pool)
    requests = [receipts_request(ids[first : first + PORTION]) for first in range(0, len(ids), PORTION)]
    started = time.monotonic()
    pool.begin("read_callbacks", callbacks=len(requests))
    answers = ask_all(port, requests, connections=CONNECTIONS)
    apply_receipts(bench.now)
    pool.wait(PATIENCE)
    trial = Trial(len(ids), time.monotonic() - started)
    check_answers(answers)
    expect("receipts stored", len(ids), count(RECEIPTS))
    expect("deliveries that arrived", len(ids), count(DELIVERIES, ARRIVED))
    return trial


def _limit(bench: Bench, pool: Workers) -> Trial:
    return arrive(len(send_anew(pool)), CHANNEL, bench.now)


def _least(bench: Bench, pool: Workers, port: int) -> Trial:
    """The same requests, kept by the thinnest door and not read, while two connections move what they name and write an
    event each.
    """
    ids = send_anew(pool)
    requests = [receipts_request(ids[first : first + PORTION]) for first in range(0, len(ids), PORTION)]
    started = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        moving = beside.submit(arrive_and_record, ids, CHANNEL, bench.now)
        answers = ask_all(port, requests, connections=CONNECTIONS)
        moved = moving.result()
    trial = Trial(len(ids), time.monotonic() - started)
    check_answers(answers)
    expect("messages kept", len(requests), count(CALLBACKS))
    expect("deliveries that arrived", len(ids), moved)
    return trial


def _peer(pool: Workers, port: int, n: int) -> Trial:
    ids = send_anew(pool)[:n]
    portions = [ids[first : first + PORTION] for first in range(0, n, PORTION)]
    headers = anymail_bodies.HEADERS
    requests = [
        write_request("/benchmarks/anymail", body=anymail_bodies.write(one), headers=headers) for one in portions
    ]
    started = time.monotonic()
    answers = ask_all(port, requests, connections=CONNECTIONS)
    trial = Trial(n, time.monotonic() - started)
    check_answers(answers)
    expect("deliveries that arrived at the peer", n, count(DELIVERIES, ARRIVED))
    return trial
