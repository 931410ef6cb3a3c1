"""Print the figures of the policies."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.policy import PolicyError
from notifications.policy_files import jurisdictions, rules_of
from notifications.policy_tables import as_markdown


class Command(BaseCommand):
    help = "Prints every figure of the policies in use, with its source, as tables in Markdown."
    requires_system_checks = ()  # it says what is wrong with a file itself

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("jurisdictions", nargs="*", metavar="CODE", help="such as cn (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for code in options["jurisdictions"] or jurisdictions():
                self.stdout.write(f"## {code}\n\n{as_markdown(rules_of(code))}\n\n")
        except PolicyError as error:
            raise CommandError(str(error)) from error
