"""One entry (Ntry) of a camt message. Versions differ in where a few values stand; all places are looked at."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from lxml import etree

from loans.intake.records import Code, EntryRecord, Side, Status, TransactionRecord
from loans.intake.values import (
    IDENTIFIER_LENGTH,
    REFERENCE_LENGTH,
    Fault,
    amount_of,
    currency_of,
    day_of_moment,
    decimal_of,
    excerpt,
    text_of,
)
from loans.intake.xml_document import local_name

_SIDES: Final[dict[str, Side]] = {"CRDT": "credit", "DBIT": "debit"}
_STATUSES: Final[dict[str, Status]] = {"BOOK": "BOOK", "PDNG": "PDNG", "INFO": "INFO"}
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_BREAKS: Final = re.compile(r"[\t\r\n]+")
_REMITTANCE_LENGTH: Final = 4_000
_UETR_LENGTH: Final = 36
# Identification of an account: IBAN and Othr/Id since version 2, the others in version 1.
_ACCOUNT_PATHS: Final = (("IBAN",), ("Othr", "Id"), ("BBAN",), ("UPIC",), ("PrtryAcct", "Id"))


def read_account(account: etree._Element) -> str | None:
    """The account's number; None where the bank names it by a proxy only. Raises Fault."""
    for path in _ACCOUNT_PATHS:
        if found := _text(account, "Id", *path, limit=IDENTIFIER_LENGTH):
            return found
    return None


def read_transaction(details: etree._Element, entry_side: Side) -> TransactionRecord:
    """A TxDtls. Its amount is Amt (version 3 on) or AmtDtls/TxAmt/Amt. Raises Fault."""
    amount = _first(details, "Amt")
    if amount is None:
        amount = _first(details, "AmtDtls", "TxAmt", "Amt")
    money = (None, None) if amount is None else _money(amount, "the transaction's Amt")
    end_to_end_id = _text(details, "Refs", "EndToEndId", limit=REFERENCE_LENGTH)
    return TransactionRecord(
        amount=money[0],
        currency=money[1],
        end_to_end_id=None if end_to_end_id == "NOTPROVIDED" else end_to_end_id,
        uetr=_text(details, "Refs", "UETR", limit=_UETR_LENGTH),
        remittance=_remittance(details),
        side=entry_side if _first(details, "CdtDbtInd") is None else read_side(details),
    )


def read_entry(
    entry: etree._Element, account: str | None, transactions: list[TransactionRecord], place: str
) -> EntryRecord:
    """An Ntry whose transactions were read before. Raises Fault."""
    money = _first(entry, "Amt")
    if money is None:
        raise Fault(Code.MISSING, "Amt is missing")
    amount, currency = _money(money, "Amt")
    if len(transactions) == 1 and transactions[0].amount is None:
        transactions = [replace(transactions[0], amount=amount, currency=currency)]
    return EntryRecord(
        account=account,
        amount=amount,
        currency=currency,
        side=read_side(entry),
        status=_status(entry),
        booking_date=_day(entry, "BookgDt"),
        value_date=_day(entry, "ValDt"),
        reversal=_flag(entry, "RvslInd"),
        reference=_text(entry, "AcctSvcrRef", limit=IDENTIFIER_LENGTH),
        transactions=tuple(transactions),
        place=place,
    )


def _money(element: etree._Element, field: str) -> tuple[Decimal, str]:
    currency = currency_of(element.get("Ccy"), f"the currency of {field}")
    return amount_of(decimal_of(_value(element, field), field), currency, field), currency


def read_side(owner: etree._Element) -> Side:
    """Which way the money of an entry or transaction went. Raises Fault."""
    said = _text(owner, "CdtDbtInd", limit=IDENTIFIER_LENGTH)
    if said not in _SIDES:
        raise Fault(Code.VALUE, f"CdtDbtInd is {excerpt(said or '')}, neither CRDT nor DBIT")
    return _SIDES[said]


def _status(entry: etree._Element) -> Status:
    """The code itself up to version 6, then Sts/Cd."""
    element = _first(entry, "Sts")
    if element is not None and len(element):
        element = _first(element, "Cd")
    said = "" if element is None else _value(element, "Sts").strip()
    if said not in _STATUSES:
        raise Fault(Code.VALUE, f"Sts is {excerpt(said)}, none of BOOK, PDNG, INFO")
    return _STATUSES[said]


def _day(entry: etree._Element, name: str) -> date | None:
    element = _first(entry, name)
    if element is None:
        return None
    for choice in ("Dt", "DtTm"):
        said = _first(element, choice)
        if said is not None:
            return day_of_moment(_value(said, name), name)
    raise Fault(Code.DATE, f"{name} holds neither Dt nor DtTm")


def _flag(entry: etree._Element, name: str) -> bool:
    element = _first(entry, name)
    said = "false" if element is None else _value(element, name).strip()
    if said not in _TRUTHS:
        raise Fault(Code.VALUE, f"{name} is {excerpt(said)}, neither true nor false")
    return _TRUTHS[said]


def _remittance(details: etree._Element) -> str | None:
    information = _first(details, "RmtInf")
    if information is None:
        return None
    parts = []
    for element in information:
        if _is(element, "Ustrd"):
            parts.append(_value(element, "Ustrd"))
        elif _is(element, "Strd") and (reference := _structured_reference(element)):
            parts.append(reference)
    joined = " ".join(part for part in (_BREAKS.sub(" ", part).strip() for part in parts) if part)
    return text_of(joined, "RmtInf", _REMITTANCE_LENGTH)


def _structured_reference(structured: etree._Element) -> str | None:
    """CdtrRefInf/Ref, in version 1 CdtrRefInf/CdtrRef."""
    for name in ("Ref", "CdtrRef"):
        if found := _text(structured, "CdtrRefInf", name, limit=_REMITTANCE_LENGTH):
            return found
    return None


def _text(owner: etree._Element, *path: str, limit: int) -> str | None:
    element = _first(owner, *path)
    return None if element is None else text_of(_BREAKS.sub(" ", _value(element, path[-1])), path[-1], limit)


def _value(element: etree._Element, field: str) -> str:
    if len(element):
        raise Fault(Code.VALUE, f"{field} holds elements where a value belongs")
    return element.text or ""


def _first(owner: etree._Element, *path: str) -> etree._Element | None:
    found: etree._Element | None = owner
    for name in path:
        if found is None:
            return None
        found = next(found.iterchildren(f"{{*}}{name}"), None)
    return found


def _is(element: etree._Element, name: str) -> bool:
    return local_name(str(element.tag)) == name
