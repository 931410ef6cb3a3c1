"""What tests share of sweeps that run."""

from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from notifications.models import Sweep


def upgrade(at: datetime) -> None:
    """What migrations there are came at this time."""
    MigrationRecorder(connection).migration_qs.update(applied=at)


def all_ended(at: datetime) -> None:
    """Every sweep of beat's schedule ended well, just then."""
    rows = [Sweep(name=name, ended_at=at) for name in settings.CELERY_BEAT_SCHEDULE]
    Sweep.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["ended_at"])
