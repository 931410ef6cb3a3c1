"""What a provider sent, as it may leave the house: the very bytes, but for addresses and the keys to links."""

import re
from collections.abc import Iterable
from typing import Final

from accounts.masking import mask_text

_FOLD: Final = rb"(?:=\r?\n)?"
_LINK: Final = re.compile(rb"(/k/" + _FOLD + rb")(?:[\w-]" + _FOLD + rb"){20,}")
"""Where a borrower says "I know" without a sign-in: a bounce may bring the whole message back."""
_CLOSED: Final = re.compile(rb"^Content-Transfer-Encoding:\s*base64", re.IGNORECASE | re.MULTILINE)


def mask_raw(raw: bytes, known: Iterable[str]) -> bytes | None:
    """The bytes with addresses and links masked; None where a part is in base64, in which neither would be seen."""
    if _CLOSED.search(raw):
        return None
    open_links = _LINK.sub(rb"\1" + "…".encode(), raw)
    text = open_links.decode("utf-8", "surrogateescape")
    return mask_text(text, known).encode("utf-8", "surrogateescape")
