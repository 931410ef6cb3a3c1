"""Print the figures of the policies, and the holidays that working days leave out."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifications import holiday_tables
from notifications.policy import PolicyError
from notifications.policy_files import jurisdictions, rules_of
from notifications.policy_tables import as_markdown

YEARS: Final = range(2000, 2100)


class Command(BaseCommand):
    help = "Prints every figure of the policies in use, with its source, and the holidays, as tables in Markdown."
    requires_system_checks = ()  # it says what is wrong with a file itself

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("jurisdictions", nargs="*", metavar="CODE", help="such as cn (default: all)")
        holidays = "whose holidays to print (default: this and the next)"
        parser.add_argument("--year", type=int, choices=YEARS, metavar="YEAR", help=holidays)

    def handle(self, *args: Any, **options: Any) -> None:
        this_year = timezone.localdate().year
        years = [options["year"]] if options["year"] else [this_year, this_year + 1]
        try:
            pages = list(_pages(options["jurisdictions"] or jurisdictions(), years))
        except PolicyError as error:
            raise CommandError(str(error), returncode=2) from error
        try:
            self.stdout.write("\n\n".join(pages))
            self.stdout.flush()
        except BrokenPipeError:  # whoever reads has seen enough, as `head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _pages(codes: Iterable[str], years: Sequence[int]) -> Iterable[str]:
    for code in codes:
        tables = [as_markdown(rules_of(code)), *(holiday_tables.as_markdown(code, year) for year in years)]
        yield "\n\n".join([f"## {code}", *tables])
