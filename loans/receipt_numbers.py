"""The number that a borrower quotes when they ask after a dispute."""

import secrets
from typing import Final

# None of 0 O, 1 I L, 5 S, 8 B; of 2 Z and U V one each. Eight of these 25 make 150 thousand million numbers.
ALPHABET: Final = "234679ACDEFGHJKMNPQRTVWXY"


def new_receipt_number() -> str:
    """A number such as D-7K3M-92QX: not to be guessed, and read out over a phone without mistakes."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"D-{letters[:4]}-{letters[4:]}"
