"""Who pulls a lever from the shell."""

from argparse import ArgumentParser

from django.core.management.base import CommandError

from accounts.management.arguments import given_words
from accounts.models import User


def add_by(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--by", type=given_words, metavar="EMAIL", help="who you are at the desk, for the record; left out: nobody"
    )


def operator(email: str | None) -> User | None:
    """The person at the desk with this email. Raises CommandError where there is none."""
    if email is None:
        return None
    found = User.objects.filter(email=email.lower(), is_staff=True, is_active=True).first()
    if found is None:
        raise CommandError("Nobody at the desk has the email given with --by; nothing was done.", returncode=2)
    return found
