"""The number that a borrower quotes when they ask after a dispute."""

import secrets
from typing import Final

# None of 0 O, 1 I L, 5 S, 8 B; of 2 Z and U V one each. Eight of these 25 make 150 thousand million numbers.
ALPHABET: Final = "234679ACDEFGHJKMNPQRTVWXY"


_LETTERS: Final = 8


def new_receipt_number() -> str:
    """A number such as D-7K3M-92QX: not to be guessed, and read out over a phone without mistakes."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(_LETTERS))
    return f"D-{letters[:4]}-{letters[4:]}"


def read_receipt_number(typed: str) -> str:
    """The number that was meant, however it was typed or heard; empty where it is none."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    letters = letters.removeprefix("D") if len(letters) > _LETTERS else letters
    if len(letters) != _LETTERS or not set(letters) <= set(ALPHABET):
        return ""
    return f"D-{letters[:4]}-{letters[4:]}"
