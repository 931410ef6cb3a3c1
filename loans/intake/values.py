"""Single values of partners' files: strict readers, each refusing with a reason that names field and value."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from loans.intake.records import Code, Refusal
from loans.money import MoneyError, minor_digits, quantized

# ASCII only: \d would also take the digits of other scripts, which the sender's own system cannot have meant.
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_ZONE: Final = r"(Z|[+-][0-9]{2}:[0-9]{2})?"
_DAY_OR_MOMENT: Final = re.compile(rf"([0-9-]{{10}})(T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]+)?)?{_ZONE}")
# PostgreSQL keeps no NUL and UTF-8 no lone surrogate; the others would act on a reader's terminal, or turn the
# direction of what stands around them.
UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199

IDENTIFIER_LENGTH: Final = 64
REFERENCE_LENGTH: Final = 35  # Max35Text of ISO 20022
NAME_LENGTH: Final = 120


class Fault(ValueError):  # noqa: N818 - no program error: the sender's
    """Something in a record that cannot be accepted. `places` says where within the record, the widest first."""

    def __init__(self, code: Code, reason: str, places: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.places = places

    def refusal(self, file: str, place: str) -> Refusal:
        return Refusal(file, ", ".join(filter(None, (place, *self.places))), self.reason, self.code)


@contextmanager
def at(place: str) -> Iterator[None]:
    """Adds `place` to a Fault that passes."""
    try:
        yield
    except Fault as fault:
        raise Fault(fault.code, fault.reason, (place, *fault.places)) from None


def excerpt(value: object) -> str:
    """A value as it may be shown in one line of a terminal: quoted, escaped, at most 40 characters of it."""
    text = str(value)
    return repr(text) if len(text) <= 40 else f"{text[:40]!r}…"


def text_of(value: str, field: str, limit: int) -> str | None:
    """`value` without surrounding blanks, None when nothing is left. Raises Fault when too long or unprintable."""
    text = value.strip()
    if len(text) > limit:
        raise Fault(Code.VALUE, f"{field} has {len(text)} characters; at most {limit} can be kept")
    if UNPRINTABLE.search(text):
        raise Fault(Code.VALUE, f"{field} holds a control character or half of one; send printable text")
    return text or None


def decimal_of(text: str, field: str) -> Decimal:
    """A plain decimal number: digits and a point, no exponent, no separators. Raises Fault."""
    stripped = text.strip()
    if not _DECIMAL.fullmatch(stripped):
        raise Fault(Code.AMOUNT, f"{field} is {excerpt(text)}, not a decimal number such as 1234.50")
    return Decimal(stripped)


def amount_of(number: Decimal, currency: str, field: str) -> Decimal:
    """An amount that is not negative, with the currency's decimals. Raises Fault."""
    if number < 0:
        raise Fault(Code.AMOUNT, f"{field} is {excerpt(number)}; an amount here is never negative")
    try:
        return quantized(number, currency)
    except MoneyError as error:
        raise Fault(Code.AMOUNT, f"{field}: {error}") from None


def currency_of(code: str | None, field: str) -> str:
    """A code of ISO 4217. Raises Fault."""
    if not code:
        raise Fault(Code.CURRENCY, f"{field} is missing; give a code of ISO 4217 such as CNY")
    try:
        minor_digits(code)
    except MoneyError as error:
        raise Fault(Code.CURRENCY, f"{field}: {error}") from None
    return code


def day_of(text: str, field: str) -> date:
    """A calendar day written YYYY-MM-DD. Raises Fault, also for a day that does not exist."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        raise Fault(Code.DATE, f"{field} is {excerpt(text)}, not a date such as 2026-12-03")
    year, month, day = found.groups()
    return day_from(int(year), int(month), int(day), field)


@lru_cache(maxsize=1_024)  # a statement repeats few days many times
def day_of_moment(text: str, field: str) -> date:
    """The calendar day, as written, of an xs:date or xs:dateTime with or without a zone. Raises Fault."""
    found = _DAY_OR_MOMENT.fullmatch(text.strip())
    if not found:
        raise Fault(Code.DATE, f"{field} is {excerpt(text)}, not an ISO date or time")
    return day_of(found[1], field)


def day_from(year: int, month: int, day: int, field: str) -> date:
    """A calendar day of 1900 to 2199; what lies outside is a typing error or would overflow. Raises Fault."""
    try:
        found = date(year, month, day)
    except (ValueError, OverflowError):
        raise Fault(Code.DATE, f"{field} is {year}-{month:02}-{day:02}, a day that does not exist") from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Fault(Code.DATE, f"{field} is {found}; only the years {_FIRST_YEAR} to {_LAST_YEAR} are taken")
    return found
