"""manage.py purge_history --before YYYY-MM [--trial] [--by EMAIL]."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from notifications.management.operators import add_by, operator
from notifications.purging import Purged, TooYoungError, purge


def month(text: str) -> date:
    """The first day of `YYYY-MM`."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is not a month such as 2019-11") from error


class Command(BaseCommand):
    help = "Remove what was told before a month, where the case was closed so long ago that it need not be kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--before", required=True, type=month, metavar="YYYY-MM", help="this month itself stays")
        parser.add_argument("--trial", action="store_true", help="only say what would go")
        add_by(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        by = operator(options["by"])
        try:
            with transaction.atomic():
                purged = purge(options["before"], now=timezone.now(), by=by)
                transaction.set_rollback(options["trial"])
        except TooYoungError as error:
            raise CommandError(f"{error} Nothing was removed.", returncode=2) from error
        self._tell(purged, *(("would go", "would begin") if options["trial"] else ("are gone", "begins")))

    def _tell(self, purged: Purged, verb: str, begins: str) -> None:
        record = purged.record
        counts = f"{record.prompts:,} prompts, {record.deliveries:,} deliveries, {record.receipts:,} receipts"
        self.stdout.write(f"{counts} and {record.events:,} events from before {record.before:%Y-%m} {verb}.")
        if purged.stay:
            self.stdout.write(
                f"{purged.stay:,} prompts stay: open, being told, with a person, disputed, or closed too recently."
            )
        if record.last_seal_id is not None:
            self.stdout.write(f"verify_evidence {begins} at seal {record.last_seal_id + 1}.")
