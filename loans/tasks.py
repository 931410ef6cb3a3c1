"""What workers are woken for. The reports are the queue: a task carries nothing."""

from collections.abc import Callable
from time import monotonic

from celery import shared_task

from loans.intake.events import sweep

LONGEST_RUN = 120.0
"""Seconds after which a sweep leaves the rest to the next one, far below the broker's visibility timeout."""


@shared_task
def apply_events() -> int:
    """Apply the messages that partners have pushed since."""
    return _until_done(sweep.apply_kept)


@shared_task
def look_again_at_events() -> int:
    """Apply the events that waited for a loan which has come meanwhile."""
    return _until_done(sweep.look_again)


def _until_done(step: Callable[[], int]) -> int:
    done, started = 0, monotonic()
    while (count := step()) and monotonic() - started < LONGEST_RUN:
        done += count
    return done + count
