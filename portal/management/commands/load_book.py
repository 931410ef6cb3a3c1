"""Load the demonstration's book into this database."""

from argparse import ArgumentParser
from time import monotonic, sleep
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.utils import timezone

from accounts.models.user import DEFAULT_TIME_ZONE, User
from portal.demo.browsers import find_browser, subscribe_browser
from portal.demo.loading import load
from portal.demo.programs import TABLES_ARE_THERE


class Command(BaseCommand):
    help = "Loads the demonstration's borrowers and loans through the real intake, if there are no loans yet."

    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--migrate", action="store_true", help="make or change the tables first")
        parser.add_argument("--patience", type=float, default=0.0, help="seconds to wait for a database that starts")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["patience"]:
            await_database(options["patience"])
        if options["migrate"]:
            call_command("migrate", interactive=False, skip_checks=True, stdout=self.stdout)
            self.stdout.write(TABLES_ARE_THERE)
            self.stdout.flush()
        today = timezone.localdate(timezone=User(time_zone=DEFAULT_TIME_ZONE).zone)
        browser = find_browser(today, self.stdout.write)
        # Together, so that nobody is told before all the ways to tell them are known.
        with transaction.atomic():
            load(settings.DATA_DIR, today, self.stdout.write)
            if browser:
                subscribe_browser(today, browser)


def await_database(patience: float) -> None:
    """Return once the database takes connections. Raises psycopg.OperationalError after `patience` seconds without."""
    parameters = connection.get_connection_params()
    given_up = monotonic() + patience
    while True:
        try:
            psycopg.connect(**parameters).close()
            return
        except psycopg.OperationalError:
            if monotonic() > given_up:
                raise
        sleep(0.02)
