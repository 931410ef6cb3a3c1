"""What workers are woken for on this floor."""

from pathlib import Path

from celery import shared_task
from django.conf import settings

from loans.intake.inbox import take_all


@shared_task
def take_files() -> int:
    """Take in what partners have put into INBOX_FOLDER; returns how many files."""
    return sum(1 for _taken in take_all(Path(settings.INBOX_FOLDER))) if settings.INBOX_FOLDER else 0
