"""Columns of values as PostgreSQL's own text of an array: a tenth of what adapting each value of a long list costs."""

from collections.abc import Iterable

_NULL = "NULL"


def numbers(values: Iterable[int | None]) -> str:
    """For a parameter that is cast to `bigint[]`."""
    return "{" + ",".join([_NULL if value is None else str(value) for value in values]) + "}"


def booleans(values: Iterable[bool]) -> str:
    """For a parameter that is cast to `boolean[]`."""
    return "{" + ",".join(["t" if value else "f" for value in values]) + "}"


def texts(values: Iterable[str | None]) -> str:
    """For a parameter that is cast to `text[]`, or to an array of what is written as text. No value may hold NUL."""
    return "{" + ",".join([_NULL if value is None else _quote(value) for value in values]) + "}"


def _quote(value: str) -> str:
    """A plain word as it is, so that most are not copied; whatever else in quotation marks."""
    if value.isalnum() and value.isascii() and value.upper() != _NULL:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
