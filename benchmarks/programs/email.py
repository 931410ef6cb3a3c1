"""`email`: plan, claim, render, hand over by SMTP to a sink, record."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.children import Helper, python
from benchmarks.figures import Figure
from benchmarks.measure import Trial, alternate, compare, expect
from benchmarks.product import DELIVERIES, PROMPTS, TOLD, sample_mail
from benchmarks.tables import checkpoint, count, empty, scalar
from benchmarks.worker import Workers, workers

CHANNEL: Final = "email"
WORKERS: Final = 3
"""One more than there are cores, as operators are told: each waits for its commits, and for the server."""
SENT: Final = "channel = 'email' AND status = 'sent'"


def run(bench: Bench) -> Iterator[Figure]:
    n = make_book(bench.size.email, now=bench.now)
    with mail_sink(bench.logs) as (sink, port), workers(bench.logs, bench.now, EMAIL_URL=mail_url(port)) as pool:
        payload = write_payload(pool, bench)
        prepare_post_office(bench.logs)
        series = alternate(
            bench.size.times,
            {
                "limit": lambda: _limit(bench, sink, port, payload),
                "peer": lambda: _peer(bench, sink, port, payload),
                "ours": lambda: send_all(pool, sink, n),
            },
        )
    yield compare("email", series["ours"], limit=series["limit"], peer=series["peer"])


@contextmanager
def mail_sink(logs: Path) -> Iterator[tuple[Helper, int]]:
    """A mail server that counts; gives it and its port."""
    with Helper(python("benchmarks.sinks.smtp"), logs / "sink.log") as sink:
        yield sink, sink.hear()["port"]


def mail_url(port: int) -> str:
    return f"smtp://127.0.0.1:{port}"


def send_all(pool: Workers, sink: Helper, n: int, at_once: int = WORKERS) -> Trial:
    """Plan a book of `n` and send all of it."""
    empty(*TOLD)
    sink.ask(reset=True)
    checkpoint()
    started = time.monotonic()
    ended = pool.plan_and_drain(at_once, CHANNEL)
    trial = Trial(n, time.monotonic() - started, ended.peak_mb)
    expect("prompts", n, count(PROMPTS))
    expect("deliveries recorded as sent", n, count(DELIVERIES, SENT))
    check_sink(sink, n)
    return trial


def check_sink(sink: Helper, n: int) -> None:
    """Everybody got one mail, each under a Message-ID of its own."""
    got = sink.ask(report=True)
    expect("mails in the sink", n, got["messages"])
    expect("people who got mail", n, got["recipients"])
    expect("Message-IDs", n, got["ids"])


def write_payload(pool: Workers, bench: Bench) -> Path:
    """Render one mail of ours for the limit and the peer; returns the file that holds it."""
    empty(*TOLD)
    pool.run("plan")
    first = scalar(f"SELECT min(id) FROM {DELIVERIES} WHERE channel = %s", [CHANNEL])
    path = bench.folder / "payload.json"
    path.write_text(json.dumps(asdict(sample_mail(first, bench.now))))
    return path


def prepare_post_office(logs: Path) -> None:
    """Make the peer's tables."""
    command = python("django", "migrate", "post_office", "--verbosity", "0")
    with Helper(command, logs / "post_office.log", {"DJANGO_SETTINGS_MODULE": "benchmarks.peers.settings"}) as migrate:
        expect("status of the peer's migration", 0, migrate.popen.wait())


def _limit(bench: Bench, sink: Helper, port: int, payload: Path) -> Trial:
    n = bench.size.email_limit
    sink.ask(reset=True)
    with Helper(
        python("benchmarks.limits.ready_mail", str(port), str(n), str(payload)), bench.logs / "mail.log"
    ) as one:
        trial = Trial(n, one.hear()["seconds"])
    check_sink(sink, n)
    return trial


def _peer(bench: Bench, sink: Helper, port: int, payload: Path) -> Trial:
    n = bench.size.email_peer
    sink.ask(reset=True)
    checkpoint()
    env = {"DJANGO_SETTINGS_MODULE": "benchmarks.peers.settings", "EMAIL_URL": mail_url(port)}
    command = python("benchmarks.peers.post_office_mail", str(n), str(payload))
    with Helper(command, bench.logs / "post_office.log", env) as peer:
        said = peer.hear()
    expect("mails that the peer recorded as sent", n, said["sent"])
    check_sink(sink, n)
    return Trial(n, said["seconds"])
