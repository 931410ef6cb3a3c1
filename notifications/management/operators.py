"""Who pulls a lever from the shell."""

from argparse import ArgumentParser, ArgumentTypeError

from django.core.management.base import CommandError

from accounts.models import User


def add_by(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--by", type=words, metavar="EMAIL", help="who you are at the desk, for the record; left out: nobody"
    )


def words(typed: str) -> str:
    """What was typed, as text. Bytes that are none reach a program as half a letter, which no database takes."""
    try:
        typed.encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError("this is not UTF-8 text: see to the terminal's language, or write it anew") from None
    return typed


def operator(email: str | None) -> User | None:
    """The person at the desk with this email. Raises CommandError where there is none."""
    if not email:
        return None
    found = User.objects.filter(email=email.lower(), is_staff=True, is_active=True).first()
    if found is None:
        raise CommandError("Nobody at the desk has the email given with --by; nothing was done.", returncode=2)
    return found
