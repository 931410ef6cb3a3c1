"""What is wrong with a message as such, before anything in the database is looked at."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

MOST_SHOWN: Final = 100
"""Mistakes that are named; a message with more is wrong as a whole."""
INVALID: Final = "invalid"


class Mistake(NamedTuple):
    """One mistake, its place a JSON pointer (RFC 6901). Holds nothing of what stood there."""

    pointer: str
    code: str
    detail: str


class ShapeError(Exception):
    """Nothing of the message is applied. `code` is one of docs/partners.md."""

    def __init__(self, code: str, detail: str = "", mistakes: Sequence[Mistake] = ()) -> None:
        super().__init__(detail)
        self.code, self.detail, self.mistakes = code, detail, list(mistakes[:MOST_SHOWN])

    @classmethod
    def of(cls, mistakes: Sequence[Mistake]) -> "ShapeError":
        """Named by what is wrong where it is one thing throughout, else `invalid`."""
        codes = {mistake.code if mistake.code in SPOKEN else INVALID for mistake in mistakes}
        count = len(mistakes)
        detail = f"{count} mistakes; nothing was applied." if count > 1 else "One mistake; nothing was applied."
        return cls(codes.pop() if len(codes) == 1 else INVALID, detail, mistakes)


SPOKEN: Final = {
    "unknown_event_type": "The catalogue has no event of this type and version",
    "not_your_word": "An event of this type is the word of the other kind of partner",
    "event_in_future": "An event has not happened yet",
    "amount": "An amount cannot be kept: no decimal text, negative, too large, or finer than its currency",
    "currency": "A currency is no code of ISO 4217",
    "date": "A date or moment does not exist or is not written as asked",
    "sums": "The figures of a period contradict each other",
    "order": "The periods of a schedule are not in the order of their numbers",
    "repeated": "Something stands twice that may be there once",
}
"""Codes of mistakes that name the whole message when it has no other; each with its title."""


def mistakes_in(detail: Any, pointer: str) -> Iterator[Mistake]:
    """What REST framework's ValidationError holds, flat."""
    if isinstance(detail, Mapping):
        for name, value in detail.items():
            place = pointer if name == "non_field_errors" else f"{pointer}/{_escaped(str(name))}"
            yield from mistakes_in(value, place)
    elif isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        for number, value in enumerate(detail):
            yield from mistakes_in(value, f"{pointer}/{number}")
    else:
        for item in detail if isinstance(detail, list) else [detail]:
            yield Mistake(pointer, getattr(item, "code", INVALID) or INVALID, str(item))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
