"""Make a bank or a platform known, so that its files can come in."""

import re
import unicodedata
from argparse import ArgumentParser
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from loans.intake.records import Code
from loans.intake.values import NAME_LENGTH, Fault, text_of
from loans.models import Partner

DIALLED: Final = re.compile(r"\+?[\d ()./-]*")


class Command(BaseCommand):
    help = "Makes a partner known, or changes what is known of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="short name for files and commands, such as harbour")
        parser.add_argument("--kind", choices=Partner.Kind.values, required=True)
        parser.add_argument("--name", required=True, help="as borrowers know it")
        parser.add_argument("--another", action="store_true", help="a firm that has the name of one that is known")
        parser.add_argument("--phone", help="where borrowers can call; left out: as it is, empty: nowhere")

    def handle(self, *args: Any, **options: Any) -> None:
        known = _known_as(options["code"])
        if known and known.kind != options["kind"]:
            raise CommandError(
                f"{known.code} is a {known.kind}; a partner's kind cannot change, its loans hang on it.", returncode=2
            )
        partner, before = known or Partner(code=options["code"], kind=options["kind"]), known.name if known else ""
        try:
            partner.name = text_of(options["name"], "--name", NAME_LENGTH) or ""
            if options["phone"] is not None:
                partner.phone = _phone_of(options["phone"])
            partner.full_clean()
        except Fault as fault:
            raise CommandError(f"{fault.reason}. Nothing was done.", returncode=2) from fault
        except ValidationError as error:
            raise CommandError("; ".join(error.messages), returncode=2) from error
        if known is None and not options["another"]:
            _refuse_known_name(partner)
        partner.save()
        was = f", known before as {before}" if before else ", new"
        self.stdout.write(f"{partner.code}: {partner.name} ({partner.kind}){was}")


def _known_as(code: str) -> Partner | None:
    """The firm of this code. Raises CommandError where it is another's but for capital or wide letters: the loans of
    one firm would come under two.
    """
    for partner in Partner.objects.all():
        if _folded(partner.code) == _folded(code):
            if partner.code != code:
                raise CommandError(
                    f"{code} is {partner.code} in other letters, which is {partner.name} ({partner.kind}). "
                    f"To change what is known of it write {partner.code}; another firm needs another code.",
                    returncode=2,
                )
            return partner
    return None


def _refuse_known_name(new: Partner) -> None:
    for partner in Partner.objects.all():
        if _folded(partner.name) == _folded(new.name):
            raise CommandError(
                f"{partner.code} has this name: {partner.name} ({partner.kind}). To change what is known of it write "
                f"{partner.code}; for another firm of that name say --another.",
                returncode=2,
            )


def _folded(text: str) -> str:
    """Without the difference of capital and small, and of wide and narrow letters, nor blanks around it."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _phone_of(written: str) -> str:
    """A number as people write it; borrowers press it, and read it in every message. Raises Fault."""
    phone = text_of(written, "--phone", NAME_LENGTH) or ""
    if not DIALLED.fullmatch(phone):
        raise Fault(Code.VALUE, "--phone holds what nobody can dial; write it as +86 400 555 0123 or 400-820-0042")
    return phone
