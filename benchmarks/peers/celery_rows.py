"""The peer of claiming: a Celery task a row with one UPDATE, on two worker processes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from celery import Celery

from benchmarks.children import Helper, python
from benchmarks.measure import Trial, VoidError
from benchmarks.peers.celery_app import app, finish
from benchmarks.product import DELIVERIES
from benchmarks.tables import checkpoint, count, rows

QUEUE: Final = "benchmarks"
SENT: Final = "status = 'sent'"


@contextmanager
def celery_workers(logs: Path) -> Iterator[None]:
    """Two processes that wait for tasks."""
    drop_tasks(app, QUEUE)
    options = ["--concurrency", "2", "--queues", QUEUE, "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    with Helper(python("celery", "-A", "benchmarks.peers.celery_app", "worker", *options), logs / "celery.log"):
        while not app.control.ping(timeout=0.3):
            pass
        yield


def drop_tasks(celery: Celery, queue: str) -> None:
    """Empty a queue: what an earlier run has left there is nobody's."""
    with celery.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge(queue)


def finish_by_tasks(n: int, channel: str) -> Trial:
    """Publish a task a row and wait until `n` rows are sent; none is sent before."""
    ids = [row[0] for row in rows(f"SELECT id FROM {DELIVERIES} WHERE channel = %s ORDER BY id LIMIT %s", [channel, n])]
    checkpoint()
    started = time.monotonic()
    for delivery_id in ids:
        finish.apply_async(args=(delivery_id,), queue=QUEUE)
    while (done := count(DELIVERIES, SENT)) < n:
        if time.monotonic() - started > 60 + n / 20:
            raise VoidError(f"rows that the tasks finished: expected {n}, found {done}")
        time.sleep(0.01)
    return Trial(n, time.monotonic() - started)
