"""manage.py replay_outward --partner CODE --from ID [--to ID]."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.arguments import number, words
from loans.management.partners import partner_named
from loans.outward.replaying import replay

MOST: Final = 2**63 - 1
"""The highest id that the database could have."""


class Command(BaseCommand):
    help = "Posts events to a partner again, also those that it has taken, under the same webhook-ids."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--partner", type=words, metavar="CODE", required=True)
        parser.add_argument(
            "--from", metavar="ID", dest="first", type=number(1, MOST), required=True, help="the first event"
        )
        parser.add_argument(
            "--to", metavar="ID", dest="last", type=number(1, MOST), help="the last event; without it, all later"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["last"] is not None and options["last"] < options["first"]:
            raise CommandError("--from and --to must be in order: the first event, then the last.", returncode=2)
        partner = partner_named(options["partner"])
        count = replay(partner.pk, first=options["first"], last=options["last"], now=timezone.now())
        self.stdout.write(f"{partner.code}: {count} posts of events are queued again.")
