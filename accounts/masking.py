"""Hides contact data in words that others wrote: a provider's reasons, raw receipts, a payer's text."""

import re
from collections.abc import Iterable
from typing import Final

import phonenumbers

from accounts.models.contact_point import masked

_LOCAL: Final = r"[\w.!#$%&'*+/=?^`{|}~-]"
_EMAIL: Final = re.compile(rf"(?<!{_LOCAL}){_LOCAL}+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
"""Looked for from where a word begins only: from every letter of a long one it would take the square of its length."""
_PHONE: Final = re.compile(r"(?:\+|%2B|\b00)[1-9][0-9]{6,14}\b", re.IGNORECASE)
_FOLD: Final = r"(?:=\r?\n)?"
"""Where quoted-printable may break a line, which is anywhere."""
_LEAST_DIGITS: Final = 7


def mask_text(text: str, known: Iterable[str] = ()) -> str:
    """The text with every email address and international phone number masked, and the `known` addresses however
    they are written: with or without country code, URL-encoded, folded.
    """
    for address in known:
        for form in _forms(address):
            text = re.sub(_FOLD.join(map(re.escape, form)), masked(address), text, flags=re.IGNORECASE)
    text = _EMAIL.sub(lambda found: masked(found[0].replace("%40", "@")), text)
    return _PHONE.sub(lambda found: masked(re.sub(r"^(?:%2[Bb]|00)", "+", found[0])), text)


def _forms(address: str) -> list[str]:
    """The ways to write one address, the longest first."""
    if "@" in address:
        return [address, *(address.replace("@", at) for at in ("%40", "=40", "+40"))]
    digits = address.lstrip("+")
    forms = [address, f"%2B{digits}", f"00{digits}", digits, _national(address)]
    return [form for form in forms if len(form) >= _LEAST_DIGITS]


def _national(phone: str) -> str:
    try:
        return str(phonenumbers.parse(phone).national_number)
    except phonenumbers.NumberParseException:
        return ""
