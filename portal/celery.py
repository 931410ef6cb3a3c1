"""The Celery application. Rows are the queue; a task only wakes a worker (docs/design.md)."""

import gc
import os
from typing import Any, Final

from celery import Celery
from celery.signals import beat_init, worker_init
from kombu.transport import redis

from portal import worker_watch

# On a channel whose connection is gone kombu (5.7) raises AttributeError: when it gives back what is not acknowledged,
# and when a task that outlived the connection is. Unless that counts as a lost connection, the worker ends itself.
redis.Transport.connection_errors += (AttributeError,)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Celery (5.7) runs Django's checks when worker and beat start, and drops what they find; they read every page.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

OBJECTS: Final = 20_000
"""So many new objects before garbage is looked for. Python's 700 are those of a hundred messages of a block, in use:
looking through them was a tenth of a worker's time.
"""
app = Celery("dueproof")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(worker_watch.Watch)


@worker_init.connect
def load(**_: Any) -> None:
    """What every process for tasks needs is loaded once, before the worker forks them; a worker that could not tell
    everybody ends, also where the settings of a provider are there and cannot be used.
    """
    from loans.intake.events import sweep
    from notifications import working_days
    from portal.starting import require_channels, require_sound

    del sweep
    require_sound()
    require_channels()
    working_days.load()
    gc.freeze()  # what is loaded stays: no worker has to look through it for garbage, or to copy it for having looked
    gc.set_threshold(OBJECTS)


@beat_init.connect
def require_sound_for_beat(**_: Any) -> None:
    """Beat asks for nothing that the workers would refuse to do."""
    from portal.starting import require_sound

    require_sound()
