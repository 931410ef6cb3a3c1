"""manage.py add_partner_client CODE NAME --scope loans:read …, or --end CLIENT_ID."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.arguments import given_words, words
from loans.api.access import SCOPES
from loans.api.clients import add_client, end_client
from loans.management.partners import partner_named

LONGEST_NAME: Final = 100
"""Letters that the table of clients has room for."""


class Command(BaseCommand):
    help = "Makes a client with which a program of a partner's may ask questions; prints its secret, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", type=words, nargs="?", help="the partner's code")
        parser.add_argument("name", type=words, nargs="?", default="", help="what the program is called, for people")
        parser.add_argument("--scope", action="append", choices=SCOPES, help="what it may ask for; all, if left out")
        parser.add_argument(
            "--end", type=given_words, metavar="CLIENT_ID", help="end a client, and all of its tokens at once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["end"]:
            if not end_client(options["end"], now=timezone.now()):
                raise CommandError("There is no such client in use; nothing was done.", returncode=2)
            self.stdout.write("The client has ended, and so have its tokens.")
            return
        if not options["code"] or not options["name"]:
            raise CommandError("Name the partner's code and the program.", returncode=2)
        if len(options["name"]) > LONGEST_NAME:
            raise CommandError(f"Name the program in at most {LONGEST_NAME} letters.", returncode=2)
        partner = partner_named(options["code"])
        scopes = options["scope"] or list(SCOPES)
        made, secret = add_client(partner, name=options["name"], scopes=scopes, now=timezone.now())
        self.stdout.write(f"Client of {partner.code} for {', '.join(sorted(scopes))}.")
        self.stdout.write(f"client_id: {made.client_id}")
        self.stdout.write(f"client_secret, which is not shown again: {secret}")
