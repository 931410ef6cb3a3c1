"""Single values of ISO 20022 messages: what an element holds, read strictly. Each reader raises Fault."""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from lxml import etree

from loans.intake.records import ZERO, Code
from loans.intake.statement_records import Side
from loans.intake.values import (
    IDENTIFIER_LENGTH,
    Fault,
    amount_of,
    currency_of,
    day_of_moment,
    decimal_of,
    excerpt,
    text_of,
)
from loans.intake.xml_document import local_name

BREAKS: Final = re.compile(r"[\t\r\n]+")
_SIDES: Final[dict[str, Side]] = {"CRDT": "credit", "DBIT": "debit"}
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
# Identification of an account: IBAN and Othr/Id since version 2, the others in version 1.
_ACCOUNT_PATHS: Final = (("IBAN",), ("Othr", "Id"), ("BBAN",), ("UPIC",), ("PrtryAcct", "Id"))


def first(owner: etree._Element, *path: str) -> etree._Element | None:
    """The first element at this path of local names, None where there is none."""
    found: etree._Element | None = owner
    for name in path:
        if found is None:
            return None
        found = next(found.iterchildren(f"{{*}}{name}"), None)
    return found


def named(element: etree._Element, name: str) -> bool:
    """The element has this local name."""
    return local_name(str(element.tag)) == name


def value(element: etree._Element, field: str) -> str:
    """The text of an element that holds no others."""
    if len(element):
        raise Fault(Code.VALUE, f"{field} holds elements where a value belongs")
    return element.text or ""


def text_of_one(element: etree._Element, field: str, limit: int) -> str | None:
    """The text of this element on one line, None where it is blank."""
    return text_of(BREAKS.sub(" ", value(element, field)), field, limit)


def text_at(owner: etree._Element, *path: str, limit: int) -> str | None:
    """The text at this path on one line, None where there is none."""
    element = first(owner, *path)
    return None if element is None else text_of_one(element, path[-1], limit)


def money(element: etree._Element, field: str) -> tuple[Decimal, str]:
    """An amount that is not negative, and its currency."""
    currency = currency_of(element.get("Ccy"), f"the currency of {field}")
    return amount_of(decimal_of(value(element, field), field), currency, field), currency


def amount_at(owner: etree._Element, currency: str | None, *path: str) -> Decimal | None:
    """The amount at this path if it is in this currency."""
    element = first(owner, *path)
    if element is None or element.get("Ccy") != currency:
        return None
    return money(element, "/".join(path))[0]


def charges(owner: etree._Element, currency: str | None) -> Decimal:
    """All that is said of charges in this currency: a total, else the records, in version 2 an amount each."""
    total = amount_at(owner, currency, "Chrgs", "TtlChrgsAndTaxAmt")
    if total is not None:
        return total
    said = [element for part in owner.iterchildren("{*}Chrgs") for element in part if named(element, "Rcrd")]
    said += list(owner.iterchildren("{*}Chrgs"))
    return sum((amount_at(element, currency, "Amt") or ZERO for element in said), ZERO)


def side(owner: etree._Element) -> Side:
    """Which way the money of an entry, a transaction or a balance went."""
    return side_of(first(owner, "CdtDbtInd"))


def side_of(indicator: etree._Element | None) -> Side:
    """What a CdtDbtInd says."""
    said = None if indicator is None else text_of_one(indicator, "CdtDbtInd", IDENTIFIER_LENGTH)
    if said not in _SIDES:
        raise Fault(Code.VALUE, f"CdtDbtInd is {excerpt(said or '')}, neither CRDT nor DBIT")
    return _SIDES[said]


def day(owner: etree._Element, name: str) -> date | None:
    """The day in a choice of Dt and DtTm, as written."""
    element = first(owner, name)
    if element is None:
        return None
    for choice in ("Dt", "DtTm"):
        said = first(element, choice)
        if said is not None:
            return day_of_moment(value(said, name), name)
    raise Fault(Code.DATE, f"{name} holds neither Dt nor DtTm")


def flag(owner: etree._Element, name: str) -> bool:
    """False where it is not there."""
    element = first(owner, name)
    said = "false" if element is None else value(element, name).strip()
    if said not in _TRUTHS:
        raise Fault(Code.VALUE, f"{name} is {excerpt(said)}, neither true nor false")
    return _TRUTHS[said]


def account(element: etree._Element) -> str | None:
    """The number of an account; None where the bank names it by a proxy only."""
    for path in _ACCOUNT_PATHS:
        if found := text_at(element, "Id", *path, limit=IDENTIFIER_LENGTH):
            return found
    return None
