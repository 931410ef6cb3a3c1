"""JSON of partners, read so that nothing is guessed: exact numbers, no repeated keys, no NaN."""

import json
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import BinaryIO, Final

from loans.intake.records import Code, Refusal, UnreadableFile
from loans.intake.text_document import read_text
from loans.intake.values import Fault, excerpt

Object = dict[str, object]
_INTEGER_DIGITS: Final = 20  # an id of 64 bits


class RepeatedKeys(Object):
    """An object in which a key stands twice, so that it has no one meaning. Whoever reads it refuses it."""

    repeated: str


@dataclass(frozen=True, slots=True)
class BadNumber:
    """A number that cannot be counted with: NaN, an infinity, an exponent beyond reason."""

    text: str


def load_json(content: BinaryIO, name: str) -> object:
    """The document, integers of up to 20 digits as int and all other numbers as Decimal.

    Raises UnreadableFile when it is not UTF-8, not JSON, or nested beyond reason.
    """
    text = read_text(content, name)
    try:
        return json.loads(
            text, parse_int=_integer, parse_float=_decimal, parse_constant=BadNumber, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UnreadableFile(Refusal(name, place, f"not JSON: {error.msg}", Code.MALFORMED)) from None
    except RecursionError:
        raise UnreadableFile(Refusal(name, "", "nested too deeply to be a loan", Code.MALFORMED)) from None


def object_of(value: object, field: str) -> Object:
    """`value` if it is an object with each key once. Raises Fault."""
    if isinstance(value, RepeatedKeys):
        raise Fault(Code.REPEATED, f"{field} has the key {excerpt(value.repeated)} twice")
    if not isinstance(value, dict):
        raise Fault(Code.VALUE, f"{field} is {kind_of(value)}, not an object")
    return value


def list_of(value: object, field: str) -> list[object]:
    """`value` if it is a list. Raises Fault."""
    if not isinstance(value, list):
        raise Fault(Code.VALUE, f"{field} is {kind_of(value)}, not a list")
    return value


def number_of(value: object, field: str) -> Decimal:
    """`value` if it is a number. Raises Fault; true and false are no numbers, nor is a number in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        shown = f"the text {excerpt(value)}" if isinstance(value, str) else kind_of(value)
        raise Fault(Code.AMOUNT, f"{field} is {shown}, not a number that can be an amount")
    return Decimal(value)


def integer_of(value: object, field: str) -> int:
    """`value` if it is a whole number of at most 20 digits. Raises Fault."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Fault(Code.VALUE, f"{field} is {kind_of(value)}, not a whole number")
    return value


def flag_of(value: object, field: str) -> bool:
    """`value` if it is true or false; an absent one is False. Raises Fault."""
    if value is not None and not isinstance(value, bool):
        raise Fault(Code.VALUE, f"{field} is {kind_of(value)}, neither true nor false")
    return bool(value)


def kind_of(value: object) -> str:
    """What a value is, for a sentence. A text is not quoted: it may be personal."""
    if value is None:
        return "missing"
    if isinstance(value, BadNumber):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return excerpt(value).replace("'", "")
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"


def _object(pairs: list[tuple[str, object]]) -> Object:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeating = RepeatedKeys(found)
    repeating.repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return repeating


# Most amounts of a schedule are a few figures again and again: one object each saves half of the memory.
@lru_cache(maxsize=65_536)
def _decimal(text: str) -> Decimal | BadNumber:
    try:
        return Decimal(text)
    except InvalidOperation:
        return BadNumber(text[:40])


def _integer(text: str) -> int | Decimal | BadNumber:
    return int(text) if len(text) <= _INTEGER_DIGITS else _decimal(text)
