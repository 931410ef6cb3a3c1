"""What workers are woken for in this floor. The rows are the queue: a task carries nothing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import monotonic

from allauth.idp.oidc.models import Token
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from loans.intake.inbox import take_all
from loans.models import StoredReply

REPLIES_LIVE = timedelta(days=30)
"""How long a reply is kept for repeats of its request."""
LONGEST_RUN = 120.0
"""Seconds after which a sweep leaves the rest to the next one, far below the broker's visibility timeout."""


@shared_task
def apply_events() -> int:
    """Apply the messages that partners have pushed since."""
    from loans.intake.events import sweep  # and with it REST framework, which beat and the other floors do without

    return until_done(sweep.apply_kept)


@shared_task
def look_again_at_events() -> int:
    """Apply the events that waited for a loan which has come meanwhile."""
    from loans.intake.events import sweep

    return until_done(sweep.look_again)


@shared_task
def tell_partners() -> int:
    """Post what partners have not been told yet."""
    # The HTTP client costs every process that loads it a tenth of a second; only the one that posts needs it.
    from loans.outward.sending import send_waiting

    return send_waiting(clock=timezone.now, longest=LONGEST_RUN)


@shared_task
def take_files() -> int:
    """Take in what partners have put into INBOX_FOLDER; returns how many files."""
    return sum(1 for _taken in take_all(Path(settings.INBOX_FOLDER))) if settings.INBOX_FOLDER else 0


@shared_task
def forget_replies() -> int:
    """Delete what was kept for repeats of requests that nobody repeats any more, and tokens that are over."""
    before = timezone.now() - REPLIES_LIVE
    return StoredReply.objects.filter(made_at__lt=before).delete()[0] + Token.objects.expired().delete()[0]


def until_done(step: Callable[[], int]) -> int:
    """Repeat `step` until it finds nothing more; an endless stream of work is cut after `LONGEST_RUN`."""
    done, started = 0, monotonic()
    while (count := step()) and monotonic() - started < LONGEST_RUN:
        done += count
    return done + count
