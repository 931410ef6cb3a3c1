"""manage.py renew_jurisdictions: after a file was put into POLICY_FOLDER, or taken out of it."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.jurisdictions import renew_jurisdictions


class Command(BaseCommand):
    help = (
        "Puts the borrowers of a country under its policy file where one has come, and under another where it has gone."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{renew_jurisdictions()} people are under another policy now.")
