"""What each worker looks at for itself, at its start and every minute: its session and its clock."""

import logging
from contextlib import closing
from typing import Any, Final

import psycopg
from celery import bootsteps
from celery.signals import worker_init
from django.utils import timezone

EVERY: Final = 60.0
"""Seconds."""
log = logging.getLogger(__name__)


@worker_init.connect
def refuse_shared_sessions(**_: Any) -> None:
    """Ends the worker before it takes anything; where the database does not answer yet, the first minute asks again."""
    from loans.own_sessions import SharedSessionError, check_sessions

    try:
        check_sessions()
    except SharedSessionError as error:
        raise SystemExit(str(error)) from None
    except psycopg.OperationalError as error:
        log.warning("The database does not answer: %s", type(error).__name__)


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

    from loans.own_sessions import SharedSessionError, check_sessions, connect_alone
    from notifications.clock_watch import LIMIT, watch_clock

    try:
        check_sessions()
        with closing(connect_alone()) as session:
            ahead = watch_clock(session, worker=worker, now=timezone.now)
    except SharedSessionError as error:
        log.critical("%s", error)
        state.should_stop = 1  # type: ignore[assignment]  # its exit status
    except psycopg.Error as error:
        log.info("The clock could not be compared: %s", type(error).__name__)
    else:
        if abs(ahead) > LIMIT:
            log.warning("This machine's clock is %d s ahead of the database's.", round(ahead.total_seconds()))
