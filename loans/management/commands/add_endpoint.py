"""manage.py add_endpoint PARTNER URL [--rotate [--overlap-hours N]]."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.arguments import number, words
from loans.management.partners import partner_named
from loans.models import Endpoint
from loans.outward.endpoints import OVERLAP, BadEndpointError, add_endpoint, rotate_secret

LONGEST_OVERLAP: Final = 8760
"""Hours, a year."""


class Command(BaseCommand):
    help = "Makes an address known that events are posted to, or gives it a new secret; prints the secret, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", type=words, help="the partner's code")
        parser.add_argument("url", type=words, help="an https address of the internet, on port 443 or 8443")
        parser.add_argument("--rotate", action="store_true", help="a new secret for an address that is known")
        parser.add_argument(
            "--overlap-hours",
            type=number(0, LONGEST_OVERLAP),
            default=int(OVERLAP / timedelta(hours=1)),
            help="how long older ones sign too",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        partner, now = partner_named(options["partner"]), timezone.now()
        if not options["rotate"]:
            try:
                endpoint, secret = add_endpoint(partner, options["url"], now=now)
            except BadEndpointError as error:
                raise CommandError(str(error), returncode=2) from error
            self.stdout.write(f"Endpoint {endpoint.pk} of {partner.code} is told what happens from now on.")
        else:
            known = Endpoint.objects.filter(partner=partner, url=options["url"]).first()
            if known is None:
                raise CommandError(f"{partner.code} has no such endpoint; nothing was done.", returncode=2)
            overlap = timedelta(hours=options["overlap_hours"])
            secret = rotate_secret(known, now=now, overlap=overlap)
            self.stdout.write(f"Endpoint {known.pk}: older secrets also sign until {now + overlap:%Y-%m-%d %H:%M} UTC.")
        self.stdout.write(f"Its secret, which is not shown again: {secret}")
