"""Hides contact data in words that others wrote (a provider's reasons, raw receipts, a payer's text), and finds it."""

import re
from collections.abc import Iterable
from typing import Final

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

from accounts.models.contact_point import masked
from accounts.phones import DEFAULT_REGION, is_service_number

_LOCAL: Final = r"[\w.!#$%&'*+/=?^`{|}~-]"
_EMAIL: Final = re.compile(rf"(?<!{_LOCAL}){_LOCAL}+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
"""Looked for from where a word begins only: from every letter of a long one it would take the square of its length."""
_PHONE: Final = re.compile(r"(?:\+|%2B|\b00)[1-9][0-9]{6,14}\b", re.IGNORECASE)
_FOLD: Final = r"(?:=\r?\n)?"
"""Where quoted-printable may break a line, which is anywhere."""
_LEAST_DIGITS: Final = 7
_DAY: Final = re.compile(r"\b[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{4}\b")
"""25.11.2026, which with an hour behind it could be dialled."""

_PREFIX: Final = re.compile(r"[A-Za-z0-9]-\Z")
"""What stands before HB-13900277027: a loan's number, and nobody's phone."""


def mask_text(text: str, known: Iterable[str] = ()) -> str:
    """The text with every email address and international phone number masked, and the `known` addresses however
    they are written: with or without country code, URL-encoded, folded.
    """
    for address in known:
        for form in _forms(address):
            text = re.sub(_FOLD.join(map(re.escape, form)), masked(address), text, flags=re.IGNORECASE)
    text = _EMAIL.sub(lambda found: masked(found[0].replace("%40", "@")), text)
    return _PHONE.sub(lambda found: masked(re.sub(r"^(?:%2[Bb]|00)", "+", found[0])), text)


def addresses_in(text: str, region: str) -> list[str]:
    """The email addresses and phone numbers in the text, as they are written there, spaces and all: the latter with a
    country code, or as people of mainland China or of `region` (ISO 3166, empty for none) dial them. Those at which
    firms are called are nobody's own, and left out.
    """
    kept = _DAY.sub("\n", text)
    numbers = [*PhoneNumberMatcher(kept, None, leniency=Leniency.POSSIBLE)]
    for place in {DEFAULT_REGION, region or DEFAULT_REGION}:
        numbers += PhoneNumberMatcher(kept, place, leniency=Leniency.VALID)
    own = (one for one in numbers if not _PREFIX.search(kept, 0, one.start) and not _is_a_firms(one.number))
    phones = sorted((one.start, one.raw_string) for one in own)
    return list(dict.fromkeys([*(found[0] for found in _EMAIL.finditer(text)), *(phone for _start, phone in phones)]))


def _is_a_firms(number: phonenumbers.PhoneNumber) -> bool:
    return is_service_number(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


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
