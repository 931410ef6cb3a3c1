"""What workers are woken for in this floor. The rows are the queue: a task carries nothing."""

from typing import Final

from celery import shared_task
from django.utils import timezone

LONGEST_RUN: Final = 120.0
"""Seconds after which the sweep leaves the rest to the next one, far below the broker's visibility timeout."""


@shared_task
def tell_partners() -> int:
    """Post what partners have not been told yet."""
    # The HTTP client costs every process that loads it a tenth of a second; only the one that posts needs it.
    from loans.outward.sending import send_waiting

    return send_waiting(clock=timezone.now, longest=LONGEST_RUN)
