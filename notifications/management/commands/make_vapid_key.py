"""Make the key with which this installation pushes to browsers."""

from typing import Any

from django.core.management.base import BaseCommand

from notifications.channels.vapid import make_private_key


class Command(BaseCommand):
    help = "Prints a new VAPID_PRIVATE_KEY. A new key makes every device's subscription void: keep the old one."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(make_private_key())
