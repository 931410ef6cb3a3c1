"""Characters that turn the direction of a line (Unicode Standard Annex 9): kept as they came, and shown without effect.

Whoever writes one into a name or a complaint could mirror the words, amounts and dates that stand behind it.
"""

import re
from typing import Final

WEAK_MARKS: Final = "\u061c\u200e\u200f"
"""Sort what stands around them; nobody misses them."""
TURNING: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Embed, override and isolate: they hold until they are ended, or to the end of the line."""
SHOWN: Final = "\ufffd"
"""In their place, so that whoever reads sees that something was there."""

DIRECTION_MARKS: Final = re.compile(f"[{WEAK_MARKS}{TURNING}]")
_SHOWN_AS: Final = str.maketrans({**dict.fromkeys(WEAK_MARKS, ""), **dict.fromkeys(TURNING, SHOWN)})


def without_turns(text: str) -> str:
    """The text as people are shown it: each character that turns is "�", weak marks are left out."""
    return text.translate(_SHOWN_AS)
