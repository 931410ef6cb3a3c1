"""Movements of an account as CSV, as firms reconcile them every night. docs/files.md describes the columns."""

from collections.abc import Iterator
from typing import BinaryIO, Final, TypeVar

from loans.intake.csv_table import Columns, Row, read_table
from loans.intake.records import Code, Refusal
from loans.intake.statement_records import EntryRecord, Side, Status, TransactionRecord
from loans.intake.values import (
    IDENTIFIER_LENGTH,
    REFERENCE_LENGTH,
    Fault,
    amount_of,
    currency_of,
    day_of,
    decimal_of,
    excerpt,
    text_of,
)

_T = TypeVar("_T")
_REQUIRED: Final = ("account", "amount", "currency", "side", "booked_on")
COLUMNS: Final = Columns(
    _REQUIRED, ("status", "valued_on", "reference", "end_to_end_id", "remittance", "reversal", "return_reason")
)
_SIDES: Final[dict[str, Side]] = {"credit": "credit", "debit": "debit", "CRDT": "credit", "DBIT": "debit"}
_STATUSES: Final[dict[str, Status]] = {"": "BOOK", "BOOK": "BOOK", "PDNG": "PDNG", "INFO": "INFO"}
_TRUTHS: Final = {"": False, "0": False, "false": False, "1": True, "true": True}
_REMITTANCE_LENGTH: Final = 4_000


def looks_like(header: str) -> bool:
    """The first line of a file has the columns that only a statement has."""
    names = {name.strip().strip('"') for name in header.split(",")}
    return {"account", "side"} <= names


def read_statement(content: BinaryIO, name: str) -> Iterator[EntryRecord | Refusal]:
    """The movements, each a record or the reason why it is refused.

    Raises UnreadableFile, before the first one, when the file is not CSV in UTF-8 with the known columns.
    """
    return _read_each(read_table(content, name, COLUMNS), name)


def _read_each(rows: Iterator[Row], name: str) -> Iterator[EntryRecord | Refusal]:
    for number, row in enumerate(rows, start=1):
        place = f"line {row.line}, entry {number}"
        try:
            if row.fault:
                raise row.fault
            yield _entry(row, place)
        except Fault as fault:
            yield fault.refusal(name, place)


def _entry(row: Row, place: str) -> EntryRecord:
    currency = currency_of(row["currency"].strip(), "currency")
    amount = amount_of(decimal_of(row["amount"], "amount"), currency, "amount")
    side = _one_of(row, "side", _SIDES)
    reversal = _one_of(row, "reversal", _TRUTHS)
    reason = text_of(row["return_reason"], "return_reason", REFERENCE_LENGTH)
    return EntryRecord(
        account=_needed(row, "account"),
        amount=amount,
        currency=currency,
        side=side,
        status=_one_of(row, "status", _STATUSES),
        booking_date=day_of(row["booked_on"].strip(), "booked_on"),
        value_date=day_of(row["valued_on"].strip(), "valued_on") if row["valued_on"].strip() else None,
        reversal=reversal,
        reference=text_of(row["reference"], "reference", IDENTIFIER_LENGTH),
        transactions=(
            TransactionRecord(
                amount=amount,
                currency=currency,
                end_to_end_id=text_of(row["end_to_end_id"], "end_to_end_id", REFERENCE_LENGTH),
                uetr=None,
                remittance=text_of(" ".join(row["remittance"].split()), "remittance", _REMITTANCE_LENGTH),
                side=side,
                returned=reversal or reason is not None,
                return_reason=reason,
            ),
        ),
        place=place,
    )


def _one_of(row: Row, column: str, values: dict[str, _T]) -> _T:
    said = row[column].strip()
    if said not in values:
        raise Fault(Code.VALUE, f"{column} is {excerpt(said)}, none of {', '.join(filter(None, values))}")
    return values[said]


def _needed(row: Row, column: str) -> str:
    found = text_of(row[column], column, IDENTIFIER_LENGTH)
    if found is None:
        raise Fault(Code.MISSING, f"the cell {column} is empty")
    return found
