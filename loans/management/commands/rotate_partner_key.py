"""manage.py rotate_partner_key PARTNER [--overlap DAYS]: give a partner a new key; old ones count on a while."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.arguments import words
from loans.api.keys import rotate_key
from loans.management.partners import partner_named


class Command(BaseCommand):
    help = "Makes a key with which a partner signs what it pushes, and prints its secret: once, and never again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", type=words, help="the partner's code")
        parser.add_argument(
            "--overlap", type=float, default=7, metavar="DAYS", help="how long older keys still count; 0 ends them now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        partner = partner_named(options["partner"])
        if not 0 <= options["overlap"] <= 365:
            raise CommandError("Old keys can count for 0 to 365 days longer.", returncode=2)
        now = timezone.now()
        key, secret = rotate_key(partner, now=now, overlap=timedelta(days=options["overlap"]))
        self.stderr.write(f"The new key {key} of {partner.code} counts from now. Its secret is shown this once:")
        self.stdout.write(secret)
        for old in partner.keys.valid_at(now).exclude(pk=key.pk):
            until = old.valid_until.isoformat(timespec="minutes") if old.valid_until else "further notice"
            self.stderr.write(f"The key {old} counts until {until}.")
