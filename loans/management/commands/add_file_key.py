"""manage.py add_file_key CODE KEY.pem [--name NAME] [--from DAY] [--until DAY]."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.arguments import given_words, words
from loans.models import FileKey, Partner


class Command(BaseCommand):
    help = (
        "Makes known by which Ed25519 key a partner signs its files, or until when. From then on they must be signed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", type=words, help="the partner's")
        parser.add_argument("key", metavar="KEY.pem", help="the public key, as `openssl pkey -pubout` writes it")
        parser.add_argument("--name", type=words, default="", help="what to call it; by default the file's name")
        parser.add_argument(
            "--from", dest="since", type=given_words, metavar="DAY", help="2026-12-01, midnight UTC; by default now"
        )
        parser.add_argument(
            "--until", type=given_words, metavar="DAY", help="midnight UTC; by default until it is said"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(code=options["code"]).first()
        if partner is None:
            raise CommandError(f"No partner has the code “{options['code']}”.", returncode=2)
        path = Path(options["key"])
        since, until = _moment(options["since"]), _moment(options["until"])
        fields = {"name": options["name"] or path.name[:80], "valid_until": until}
        if since:
            fields["valid_from"] = since
        key, _new = FileKey.objects.update_or_create(
            partner=partner,
            public_key=_public_key(path),
            defaults=fields,
            create_defaults={"valid_from": timezone.now(), **fields},
        )
        end = f" until {key.valid_until:%Y-%m-%d}" if key.valid_until else ""
        self.stdout.write(f"{partner.code}: {key.name} is valid from {key.valid_from:%Y-%m-%d}{end}")


def _public_key(path: Path) -> str:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise CommandError(f"{path} is no public key in PEM: {error}", returncode=2) from error
    if not isinstance(key, Ed25519PublicKey):
        raise CommandError(
            f"{path} is no key of Ed25519; `openssl genpkey -algorithm ed25519` makes one.", returncode=2
        )
    return key.public_bytes_raw().hex()


def _moment(day: str | None) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandError(f"{day} is no day such as 2026-12-01.", returncode=2) from error
