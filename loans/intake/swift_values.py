"""Single values of MT940 and MT942: dates of two digits a year, amounts with a comma, balances. Each raises Fault."""

import re
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from loans.intake.records import Code
from loans.intake.values import Fault, amount_of, currency_of, day_from, excerpt

_AMOUNT: Final = re.compile(r"([0-9]+),([0-9]*)")
_BALANCE: Final = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9,]+)")
_NUMBER: Final = re.compile(r"([0-9]{1,18})(?:/([0-9]{1,18}))?")
_HALF_A_YEAR: Final = timedelta(days=183)
_CENTURY: Final = 80
"""Years of two digits: below are of this century, from here on of the last."""


def amount(text: str, currency: str, field: str) -> Decimal:
    """An amount such as 1234,5 or 1234, with the currency's decimals."""
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise Fault(Code.AMOUNT, f"{field} is {excerpt(text)}, not an amount with a comma such as 1234,50")
    return amount_of(Decimal(f"{found[1]}.{found[2] or '0'}"), currency, field)


def day(text: str, field: str) -> date:
    """YYMMDD."""
    year = int(text[:2])
    return day_from(year + (2000 if year < _CENTURY else 1900), int(text[2:4]), int(text[4:6]), field)


def day_near(text: str, other: date, field: str) -> date:
    """MMDD, in the year that puts it closest to another day: an entry of 31 December may have its value in January."""
    month, of_month = int(text[:2]), int(text[2:])
    found = []
    for year in (other.year, other.year - 1, other.year + 1):
        with suppress(ValueError):
            found.append(date(year, month, of_month))
    near = min(found, key=lambda day_: abs(day_ - other), default=None)
    if near is None or abs(near - other) > _HALF_A_YEAR:
        raise Fault(Code.DATE, f"{field} is {excerpt(text)}, a day that does not exist around {other}")
    return near


def balance(text: str, field: str) -> tuple[Decimal, str, date]:
    """The figure, negative where the account is in debit, its currency and its day."""
    found = _BALANCE.fullmatch(text)
    if not found:
        raise Fault(Code.VALUE, f"{field} is {excerpt(text)}, not a balance such as C261203CNY1234,50")
    mark, day_text, currency_text, amount_text = found.groups()
    currency = currency_of(currency_text, f"the currency of {field}")
    figure = amount(amount_text, currency, field)
    return (figure if mark == "C" else -figure), currency, day(day_text, field)


def numbers(text: str, field: str) -> tuple[int, int]:
    """Statement and page: 17/2, or 17 alone, which is its page 1."""
    found = _NUMBER.fullmatch(text)
    if not found:
        raise Fault(Code.VALUE, f"{field} is {excerpt(text)}, not a number such as 17 or 17/1")
    return int(found[1]), int(found[2] or 1)
