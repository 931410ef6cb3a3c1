"""What each worker looks at for itself, at its start and every minute: its session and its clock, as beat does at its
own; and how workers note the end of a sweep.
"""

import logging
import time
from contextlib import closing
from threading import Thread
from typing import Any, Final

import psycopg
from celery import bootsteps, states
from celery.signals import beat_init, task_postrun, worker_init
from celery.utils.nodenames import gethostname, nodename
from django.db import DatabaseError
from django.utils import timezone

EVERY: Final = 60.0
"""Seconds."""
log = logging.getLogger(__name__)


@worker_init.connect
def refuse_shared_sessions(**_: Any) -> None:
    """Ends the worker before it takes anything; where the database does not answer yet, the first minute asks again."""
    from loans.own_sessions import SharedSessionError, check_sessions
    from portal.starting import require_settings

    require_settings()  # without an address of the database it could not ask
    try:
        check_sessions()
    except SharedSessionError as error:
        raise SystemExit(str(error)) from None
    except psycopg.OperationalError as error:
        log.warning("The database does not answer: %s", type(error).__name__)


@task_postrun.connect
def note_end(task: Any, args: Any, retval: Any, state: str | None = None, **_: Any) -> None:
    """Note how a sweep has ended; where that cannot be written, its time grows older, which says as much."""
    from notifications import sweeps

    if state not in {states.SUCCESS, states.FAILURE}:
        return
    fault = type(retval.__cause__ or retval).__name__ if state == states.FAILURE else ""
    try:
        sweeps.note_end(task.name, args, fault=fault, now=timezone.now())
    except DatabaseError as error:
        log.info("The end of %s could not be noted: %s", task.name, type(error).__name__)


class Watch(bootsteps.StartStopStep):
    """Runs in the worker's own process, so that it looks whatever its tasks do, and whether any come."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.entry: Any = None

    def start(self, parent: Any) -> None:
        look(parent.hostname)
        self.entry = parent.timer.call_repeatedly(EVERY, look, (parent.hostname,))

    def stop(self, parent: Any) -> None:
        if self.entry:
            self.entry.cancel()
            self.entry = None


def look(worker: str) -> None:
    """Compare clocks, and see that no pooler has come between; what cannot be seen now is looked at in a minute."""
    from celery.worker import state  # every process has this module, and only a worker needs so much of Celery

    from loans.own_sessions import SharedSessionError, check_sessions

    try:
        check_sessions()
    except SharedSessionError as error:
        log.critical("%s", error)
        state.should_stop = 1  # type: ignore[assignment]  # its exit status
    except psycopg.Error as error:
        log.info("The session could not be looked at: %s", type(error).__name__)
    else:
        compare_clock(worker)


@beat_init.connect
def watch_beat(**_: Any) -> None:
    """Beat writes when a wake-up expires: where its clock is behind, workers take none. It looks beside its schedule,
    which waits for the broker.
    """
    from portal.starting import require_settings

    require_settings()
    Thread(target=_keep_comparing, args=(nodename("beat", gethostname()),), daemon=True).start()


def _keep_comparing(name: str) -> None:
    while True:
        try:
            compare_clock(name)
        except Exception:  # who looks goes on looking
            log.exception("The clock could not be compared")
        time.sleep(EVERY)


def compare_clock(name: str) -> None:
    """Of this machine with the database's; an alarm says where they are too far apart. Without an answer, nothing."""
    from loans.own_sessions import connect_alone
    from notifications.clock_watch import LIMIT, watch_clock

    try:
        with closing(connect_alone()) as session:
            ahead = watch_clock(session, worker=name, now=timezone.now)
    except psycopg.Error as error:
        log.info("The clock could not be compared: %s", type(error).__name__)
    else:
        if abs(ahead) > LIMIT:
            log.warning("This machine's clock is %d s ahead of the database's.", round(ahead.total_seconds()))
