"""What a provider sent, as it may be shown or leave the house: the very bytes, but for addresses and keys."""

import re
from collections.abc import Iterable
from typing import Final

from accounts.masking import mask_text

_FOLD: Final = r"(?:=\r?\n)?"
_SLASH: Final = r"(?:/|\\/|\\u002f|%(?:25|5c)*2f|=2f|&#(?:47|x2f);)"
"""As addresses, JSON, quoted-printable and HTML write it: a firm that counts clicks names the link."""
_LINK: Final = re.compile(rf"({_SLASH}{_FOLD}k{_FOLD}{_SLASH}{_FOLD})(?:[\w-]{_FOLD}){{20,}}", re.ASCII | re.IGNORECASE)
"""Where a borrower says "I know" without a sign-in: a bounce may bring the whole message back."""


def _hex(count: int) -> str:
    return rf"(?:[0-9a-f]{_FOLD}){{{count}}}"


_REFERENCE: Final = re.compile(
    rf"({_hex(8)}-{_FOLD}{_hex(4)})-{_FOLD}8{_FOLD}{_hex(3)}-{_FOLD}{_hex(4)}-{_FOLD}{_hex(11)}[0-9a-f]", re.IGNORECASE
)
"""A UUID of version 8. Ours are; of its first half, which stays, the delivery's number can be read."""
_CLOSED: Final = re.compile(rb"^Content-Transfer-Encoding:\s*base64", re.IGNORECASE | re.MULTILINE)


def mask_raw(raw: bytes, known: Iterable[str]) -> bytes | None:
    """The bytes with addresses, links and references masked; None where a part is in base64, in which none would be
    seen.
    """
    if _CLOSED.search(raw):
        return None
    text = raw.decode("utf-8", "surrogateescape")
    return mask_text(mask_keys(text), known).encode("utf-8", "surrogateescape")


def mask_keys(text: str) -> str:
    """The text without what opens a link that acknowledges, and without the half of a reference that proves it ours:
    a delivery report counts by it.
    """
    return _REFERENCE.sub(r"\1-…", _LINK.sub(r"\1…", text))
