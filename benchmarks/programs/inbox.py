"""`inbox`: prompts placed in the portal for people who can be reached there alone: planned, worded, recorded."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.limits.bare_insert import insert_bare
from benchmarks.measure import MissingError, Trial, alternate, compare, expect, with_notes
from benchmarks.peers.environment import peers_python
from benchmarks.product import DELIVERIES, PLANNED, PROMPTS, TOLD
from benchmarks.tables import checkpoint, count, empty
from benchmarks.worker import Workers, workers

CHANNEL: Final = "in_app"
WORKERS: Final = 2
PLACED: Final = f"channel = '{CHANNEL}' AND status IN ('sent', 'delivered') AND facts IS NOT NULL"
SCRIPT: Final = Path(__file__).resolve().parent.parent / "peers" / "hq.py"


def run(bench: Bench) -> Iterator[Figure]:
    n = make_book(bench.size.inbox, now=bench.now, ways=())
    with workers(bench.logs, bench.now) as pool:
        contestants: dict[str, Callable[[], Trial]] = {
            "ours": lambda: _ours(pool, n),
            "limit": lambda: insert_bare(n, PLANNED),
        }
        why = ""
        try:
            python = peers_python(bench.folder, may_install=bench.size.name != "miniature")
            contestants["peer"] = lambda: _peer(python, bench.size.inbox_peer)
        except MissingError as missing:
            why = f"no peer: {missing}"
        series = alternate(bench.size.times, contestants)
    yield with_notes(compare("inbox", series["ours"], limit=series["limit"], peer=series.get("peer")), why)


def _ours(pool: Workers, n: int) -> Trial:
    empty(*TOLD)
    checkpoint()
    started = time.monotonic()
    ended = pool.plan_and_drain(WORKERS, CHANNEL)
    trial = Trial(n, time.monotonic() - started, ended.peak_mb)
    expect("prompts", n, count(PROMPTS))
    expect("deliveries placed in the portal", n, count(DELIVERIES, PLACED))
    return trial


def _peer(python: Path, n: int) -> Trial:
    checkpoint()
    command = [str(python), "-I", str(SCRIPT), os.environ["DATABASE_URL"], str(n)]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MissingError(f"the peer broke off: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
    said = json.loads(done.stdout)
    expect("notifications of the peer", n, said["rows"])
    return Trial(n, said["seconds"])
