"""Raw bytes of others as text that nobody's address can be read from."""

import re
from collections.abc import Iterable
from typing import Final

from accounts.masking import mask_text
from accounts.models.contact_point import masked

MOST_SHOWN: Final = 64 * 1024
"""Bytes of one message."""
_DIGITS: Final = re.compile(r"(?<![0-9a-fA-F])[0-9]{8,15}(?![0-9a-fA-F])")


def masked_raw(raw: bytes | memoryview, known: Iterable[str | None]) -> str:
    """The first MOST_SHOWN bytes, masked: the `known` addresses however they are written, and what looks like one."""
    return mask_text(bytes(raw)[:MOST_SHOWN].decode("utf-8", "replace"), [address for address in known if address])


def mask_digits(text: str) -> str:
    """The text without any long number: a provider may write a phone without a plus, like an order or a time."""
    return _DIGITS.sub(lambda found: masked(found[0]), text)
