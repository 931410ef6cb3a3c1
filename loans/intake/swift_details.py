"""The information to the account owner (:86:) of an MT940: ?20-?29 as German banks write it, /EREF/ codes, or text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from loans.return_reasons import REASONS

_CODED: Final = re.compile(r"([0-9]{3})(\?)")
_SUBFIELD: Final = re.compile(r"\?([0-9]{2})")
_PURPOSE: Final = frozenset({*(f"{number}" for number in range(20, 30)), "60", "61", "62", "63"})
_KEYS: Final = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|OAMT|COAM|IBAN|BIC|PURP)\+")
_CODES: Final = re.compile(
    r"/(EREF|KREF|MREF|MARF|PREF|IREF|REMI|RTRN|ORDP|BENM|NAME|CSID|CNTP|TRTP|TRCD|IBAN|BIC|ISDT|PURP|OCMT|CHGS|ULTC|"
    r"ULTD|ADDR|ID|ULTB|INFO|SVCL|NRTX)/"
)
_SUBFIELD_LENGTH: Final = 27
_LINE_LENGTH: Final = 65
# Business transaction codes of the German banks: a direct debit that came back, a credit transfer that came back.
_RETURNING: Final = frozenset({"108", "109", "159", "184", "185"})
_REASON: Final = re.compile(r"\b([A-Z]{2}[0-9]{2}|[A-Z]{4})\b")
_NOTHING: Final = frozenset({"", "NONREF", "NOTPROVIDED"})


@dataclass(frozen=True, slots=True)
class Details:
    """What the field says: the payer's end-to-end id, the text, and why the payment came back if it did."""

    end_to_end_id: str | None
    text: str
    returned: bool = False
    reason: str | None = None
    parts: dict[str, str] = field(default_factory=dict)


def read_details(lines: Sequence[str]) -> Details:
    """The field's lines, as they stand."""
    if lines and (coded := _CODED.match(lines[0])):
        return _german(coded[1], "".join(lines)[coded.end() - 1 :])
    joined = "".join(lines)
    if lines and _CODES.match(joined.lstrip()):
        return _slashed(joined.lstrip())
    return Details(None, _joined(lines, _LINE_LENGTH))


def _joined(parts: Sequence[str], width: int) -> str:
    """A part that fills its width goes on in the next one, in mid-word; trailing blanks are lost on the way."""
    text = "".join(part if len(part) >= width else f"{part} " for part in parts)
    return " ".join(text.split())


def _german(code: str, text: str) -> Details:
    pieces = _SUBFIELD.split(text)[1:]
    purpose = [piece for number, piece in zip(pieces[::2], pieces[1::2], strict=True) if number in _PURPOSE]
    parts = _split(_KEYS, _joined(purpose, _SUBFIELD_LENGTH))
    returned = code in _RETURNING
    words = parts.get("SVWZ", parts[""])
    return Details(_reference(parts), words, returned, _reason_in(words) if returned else None, parts)


def _slashed(text: str) -> Details:
    parts = _split(_CODES, text)
    remittance = re.sub(r"^(USTD|STRD)/[^/]*/", "", parts.get("REMI", "")).strip("/ ")
    returned = "RTRN" in parts
    reason = _reason_in(parts["RTRN"]) if returned else None
    return Details(_reference(parts), " ".join(remittance.split()), returned, reason, parts)


def _split(keys: re.Pattern[str], text: str) -> dict[str, str]:
    """The values by key, what stands before the first key by ""; of a key that comes twice, the first."""
    pieces = keys.split(text)
    parts = {"": pieces[0].strip()}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=True):
        parts.setdefault(key, value.strip())
    return parts


def _reference(parts: dict[str, str]) -> str | None:
    said = parts.get("EREF", "").strip("/ ")
    return None if said in _NOTHING else said


def _reason_in(text: str) -> str | None:
    return next((code for code in _REASON.findall(text) if code in REASONS), None)
