"""Raw bytes of others as text that nobody's address and no key can be read from."""

import re
from collections.abc import Iterable
from typing import Final

from accounts.models.contact_point import masked
from notifications.evidence.raw import mask_raw

MOST_SHOWN: Final = 64 * 1024
"""Bytes of one message."""
_MARGIN: Final = 200
"""Bytes at the end that are masked and not shown: half a key, where a message was cut, does not look like one."""
_DIGITS: Final = re.compile(r"(?<![0-9a-fA-F])[0-9]{8,15}(?![0-9a-fA-F])")


def masked_raw(raw: bytes | memoryview, known: Iterable[str | None]) -> str | None:
    """The first MOST_SHOWN bytes, masked: the `known` addresses however they are written, what looks like one, and what
    opens a link or proves a report. None where they cannot be masked.
    """
    head = bytes(raw[: MOST_SHOWN + _MARGIN])
    shown = mask_raw(head, [address for address in known if address])
    if shown is None:
        return None
    end = len(shown) if len(head) == len(raw) else len(shown) - _MARGIN
    return mask_digits(shown[: min(end, MOST_SHOWN)].decode("utf-8", "replace"))


def mask_digits(text: str) -> str:
    """The text without any long number: a provider may write a phone without a plus, like an order or a time."""
    return _DIGITS.sub(lambda found: masked(found[0]), text)
