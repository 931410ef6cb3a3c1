"""The JSON of a pushed message, read so that it has one meaning: exact numbers, no key twice, no NaN."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from loans.intake.events.shape import ShapeError

_LONGEST_NUMBER = 40


def load(raw: bytes) -> Any:
    """The document; numbers with a point as Decimal. Raises ShapeError: not_utf8, not_json, repeated_key."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise ShapeError("not_utf8", f"Byte {error.start + 1} of the body is no part of UTF-8.") from None
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise ShapeError("not_json", f"Line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise ShapeError("not_json", "The body is nested too deeply.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ShapeError("repeated_key", "An object in the body has one of its keys twice, and so no one meaning.")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ShapeError("not_json", f"A number in the body has {len(text)} digits.")
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ShapeError("not_json", "A number in the body cannot be counted with.") from None


def _constant(name: str) -> NoReturn:
    raise ShapeError("not_json", f"{name} is no value of JSON.")
