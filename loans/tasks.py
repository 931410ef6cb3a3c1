"""What workers are woken for in this floor. The rows are the queue: a task carries nothing."""

from typing import Final

from celery import shared_task
from django.utils import timezone

from loans.outward.sending import send_waiting

LONGEST_RUN: Final = 120.0
"""Seconds after which the sweep leaves the rest to the next one, far below the broker's visibility timeout."""


@shared_task
def tell_partners() -> int:
    """Post what partners have not been told yet."""
    return send_waiting(clock=timezone.now, longest=LONGEST_RUN)
