"""One line of an MT940 or MT942 (:61:) with the information about it (:86:), as an entry of one transaction."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from loans.intake import swift_values as swift
from loans.intake.records import ZERO, Code
from loans.intake.statement_records import EntryRecord, Side, Status, TransactionRecord
from loans.intake.swift_details import Details, read_details
from loans.intake.swift_fields import Field
from loans.intake.values import IDENTIFIER_LENGTH, REFERENCE_LENGTH, Fault, excerpt, text_of

# 6!n[4!n]2a[1!a]15d1!a3!c16x[//16x]: value date, entry date, mark, funds code, amount, type, the owner's reference and
# the bank's. A reference that is longer than the standard allows is taken as it is.
_LINE: Final = re.compile(r"([0-9]{6})([0-9]{4})?(R[CD]|E[CD]|[CD])([A-Z])?([0-9,]+)([A-Z][A-Z0-9]{3})(.*)")
_MONEY: Final = re.compile(r"/(OCMT|CHGS)/([A-Z]{3})([0-9]+,[0-9]*)")
_RETURNED_ITEM: Final = "RTI"
_REMITTANCE_LENGTH: Final = 4_000
_NO_REFERENCE: Final = frozenset({"", "NONREF"})


@dataclass(frozen=True, slots=True)
class Mark:
    """C and D: money in, money out. RC and RD take back one of these. EC and ED are only expected."""

    side: Side
    reversal: bool = False
    expected: bool = False


_MARKS: Final = {
    "C": Mark("credit"),
    "D": Mark("debit"),
    "RC": Mark("debit", reversal=True),
    "RD": Mark("credit", reversal=True),
    "EC": Mark("credit", expected=True),
    "ED": Mark("debit", expected=True),
}


def read_entry(
    line: Field, information: Field | None, account: str | None, currency: str, status: Status, place: str
) -> EntryRecord:
    """The entry. Raises Fault."""
    found = _LINE.fullmatch(line.text)
    if not found:
        raise Fault(
            Code.VALUE, f":61: is {excerpt(line.text)}, not a statement line such as 2612031204C510,25NTRFNONREF"
        )
    value_text, entry_text, mark_text, _funds, amount_text, kind, references = found.groups()
    valued = swift.day(value_text, "the value date of :61:")
    mark = _MARKS[mark_text]
    owner, _slashes, bank = references.partition("//")
    details = read_details(information.lines if information else ())
    amount = swift.amount(amount_text, currency, "the amount of :61:")
    return EntryRecord(
        account=account,
        amount=amount,
        currency=currency,
        side=mark.side,
        status="PDNG" if mark.expected else status,
        booking_date=swift.day_near(entry_text, valued, "the entry date of :61:") if entry_text else valued,
        value_date=valued,
        reversal=mark.reversal,
        reference=text_of(bank, "the bank's reference of :61:", IDENTIFIER_LENGTH),
        transactions=(_transaction(amount, currency, mark, kind, owner.strip(), line, details),),
        place=place,
    )


def _transaction(
    amount: Decimal, currency: str, mark: Mark, kind: str, owner: str, line: Field, details: Details
) -> TransactionRecord:
    supplement = " ".join(line.lines[1:])
    apart = _apart(supplement + "".join(f"/{key}/{value}" for key, value in details.parts.items() if key), currency)
    words = [owner if owner not in _NO_REFERENCE else "", details.text]
    return TransactionRecord(
        amount=amount,
        currency=currency,
        end_to_end_id=_reference(details.end_to_end_id),
        uetr=None,
        remittance=text_of(" ".join(filter(None, words)), ":86:", _REMITTANCE_LENGTH),
        side=mark.side,
        returned=details.returned or kind[1:] == _RETURNED_ITEM,
        return_reason=details.reason,
        instructed=apart.get("OCMT"),
        charges=apart.get("CHGS", ZERO),
    )


def _reference(said: str | None) -> str | None:
    return None if said is None else text_of(said, "EREF of :86:", REFERENCE_LENGTH)


def _apart(text: str, currency: str) -> dict[str, Decimal]:
    """The original amount (OCMT) and the charges (CHGS), as far as they are in this currency."""
    found = (item for item in _MONEY.findall(text) if item[1] == currency)
    return {key: swift.amount(figure, currency, f"/{key}/") for key, _currency, figure in found}
