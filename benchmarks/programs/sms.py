"""`sms`: plan, claim, render, hand over through Kannel's interface to a server that answers in 20 ms, record each."""

import time
from collections.abc import Iterator
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.children import Helper, python
from benchmarks.figures import Figure
from benchmarks.measure import Trial, alternate, compare, expect
from benchmarks.peers.requests_session import post_one_by_one
from benchmarks.product import DELIVERIES, PROMPTS, TOLD
from benchmarks.tables import checkpoint, count, empty
from benchmarks.worker import Workers, workers

LATENCY: Final = 0.02
IN_FLIGHT: Final = 64
WIDE: Final = 256
SENT: Final = "channel = 'sms' AND status = 'sent' AND attempts = 1"


def run(bench: Bench) -> Iterator[Figure]:
    """`sms` with 64 in flight; `sms.256` with as many, whose limit is a bare aiohttp loop."""
    n = make_book(bench.size.sms, now=bench.now, ways=("phone",))
    with Helper(python("benchmarks.sinks.sendsms", str(LATENCY)), bench.logs / "sink.log") as sink:
        port = sink.hear()["port"]
        address = f"http://127.0.0.1:{port}/cgi-bin/sendsms"
        with workers(bench.logs, bench.now, KANNEL_URL=address, KANNEL_USERNAME="benchmarks") as pool:
            series = alternate(
                bench.size.times,
                {
                    "peer": lambda: post_one_by_one(port, bench.size.sms_peer),
                    "ours": lambda: _ours(pool, sink, n, IN_FLIGHT),
                    "loop": lambda: _loop(bench, sink, port),
                    "wide": lambda: _ours(pool, sink, n, WIDE),
                },
            )
    yield compare("sms", series["ours"], limit=IN_FLIGHT / LATENCY, peer=series["peer"])
    yield compare("sms.256", series["wide"], limit=series["loop"])


def _ours(pool: Workers, sink: Helper, n: int, in_flight: int) -> Trial:
    empty(*TOLD)
    sink.ask(reset=True)
    checkpoint()
    started = time.monotonic()
    pool.run("plan")
    more = {"in_flight": in_flight} if in_flight != IN_FLIGHT else {}
    ended = pool.run("drain_wide", **more) if more else pool.run("drain", channel="sms")
    seconds = time.monotonic() - started
    got = sink.ask(report=True)
    expect("prompts", n, count(PROMPTS))
    expect("deliveries recorded as sent once", n, count(DELIVERIES, SENT))
    expect("messages that the gateway got", n, got["messages"])
    expect("references that the gateway got", n, got["references"])
    expect("more in flight than allowed", 0, max(0, got["most_at_once"] - in_flight))
    return Trial(n, seconds, ended.peak_mb, f"{got['most_at_once']} in flight at most")


def _loop(bench: Bench, sink: Helper, port: int) -> Trial:
    n = bench.size.sms
    sink.ask(reset=True)
    command = python("benchmarks.limits.http_loop", str(port), str(n), str(WIDE))
    with Helper(command, bench.logs / "loop.log") as loop:
        seconds = loop.hear()["seconds"]
    expect("references that the gateway got from the loop", n, sink.ask(report=True)["references"])
    return Trial(n, seconds)
