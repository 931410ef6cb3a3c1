"""Load the demonstration's book into this database."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models.user import DEFAULT_TIME_ZONE, User
from portal.demo.loading import load


class Command(BaseCommand):
    help = "Loads the demonstration's borrowers and loans through the real intake, if there are no loans yet."

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate(timezone=User(time_zone=DEFAULT_TIME_ZONE).zone)
        load(settings.DATA_DIR, today, self.stdout.write)
