"""Loans as CSV: one row an installment, all rows of a loan together. docs/files.md describes the columns."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import BinaryIO, Final

from loans.intake.contacts import BorrowerFields, Remarks, read_borrower
from loans.intake.csv_table import Columns, Row, read_table
from loans.intake.records import Code, InstallmentRecord, LoanRecord, Refusal, RepaymentRecord
from loans.intake.schedule import check_number, check_sum
from loans.intake.values import (
    IDENTIFIER_LENGTH,
    NAME_LENGTH,
    Fault,
    amount_of,
    at,
    currency_of,
    day_of,
    decimal_of,
    excerpt,
    text_of,
)

_PARTS: Final = ("principal_due", "interest_due", "fees_due", "penalties_due")
_OF_THE_BORROWER: Final = ("borrower_name", "borrower_phone", "borrower_email", "borrower_locale", "borrower_time_zone")
_OF_THE_LOAN: Final = ("currency", "principal", "product", "disbursed_on", "borrower", *_OF_THE_BORROWER)
_OF_THE_INSTALLMENT: Final = ("due_on", *_PARTS, "total_due", "paid", "waived", "outstanding", "settled_on")
_OF_THE_REPAYMENT: Final = ("repayment_reference", "repayment_on", "repayment_amount")
_REQUIRED: Final = (
    *("loan", "currency", "principal", "number", "due_on"),
    *("principal_due", "interest_due", "total_due", "paid", "outstanding"),
)
_ALL: Final = ("loan", *_OF_THE_LOAN, "number", *_OF_THE_INSTALLMENT, *_OF_THE_REPAYMENT)
COLUMNS: Final = Columns(_REQUIRED, tuple(column for column in _ALL if column not in _REQUIRED))


def read_loans(content: BinaryIO, name: str) -> Iterator[LoanRecord | Refusal]:
    """The loans of a CSV file, each a record or the reason why it is refused: one bad row refuses its whole loan.

    Raises UnreadableFile, before the first one, when the file is not CSV in UTF-8 with the known columns.
    """
    return _read_each(read_table(content, name, COLUMNS), name)


def _read_each(rows: Iterator[Row], name: str) -> Iterator[LoanRecord | Refusal]:
    first_lines: dict[str, int] = {}
    for loan, group in groupby(rows, key=lambda row: row["loan"].strip()):
        together = list(group)
        line = together[0].line
        try:
            with at(f"line {line}"):
                _check_together(loan, first_lines)
            first_lines[loan] = line
            yield _read_loan(loan, together)
        except Fault as fault:
            yield fault.refusal(name, f"loan {excerpt(loan)}".replace("'", "") if loan else "")


def _check_together(loan: str, first_lines: dict[str, int]) -> None:
    if not loan:
        raise Fault(Code.MISSING, "the cell loan is empty; it must name the loan")
    if loan in first_lines:
        reason = f"rows of a loan must stand together; this one began at line {first_lines[loan]}"
        raise Fault(Code.REPEATED, reason)


def _read_loan(loan: str, rows: list[Row]) -> LoanRecord:
    for row in rows:
        with at(f"line {row.line}"):
            _check_row(row, rows[0])
    remarks = Remarks()
    with at(f"line {rows[0].line}"):
        first = rows[0]
        text_of(loan, "loan", IDENTIFIER_LENGTH)
        currency = currency_of(first["currency"].strip(), "currency")
        principal = _amount(first, "principal", currency)
        disbursed_on = day_of(first["disbursed_on"], "disbursed_on") if first["disbursed_on"].strip() else None
    return LoanRecord(
        external_id=loan,
        currency=currency,
        principal=principal,
        product=remarks.text(first["product"], "product", NAME_LENGTH),
        disbursed_on=disbursed_on,
        borrower=read_borrower(_borrower_fields(first), currency, remarks),
        installments=tuple(_installments(rows, currency)),
        repayments=tuple(_repayments(rows, currency, remarks)),
        place=f"line {first.line} ({loan})",
        remarks=tuple(remarks.said),
    )


def _check_row(row: Row, first: Row) -> None:
    if row.fault:
        raise row.fault
    for column in _OF_THE_LOAN:
        if row[column].strip() != first[column].strip():
            raise Fault(Code.VALUE, f"{column} is not what the loan's first row says (line {first.line})")


def _borrower_fields(row: Row) -> BorrowerFields:
    return BorrowerFields(row["borrower"], *(row[column] for column in _OF_THE_BORROWER))


def _installments(rows: list[Row], currency: str) -> Iterator[InstallmentRecord]:
    """A row without a number tells a further repayment only."""
    before = 0
    for row in rows:
        with at(f"line {row.line}"):
            if row["number"].strip():
                installment = _read_installment(row, currency)
                check_number(installment.number, before)
                before = installment.number
                yield installment
            else:
                _check_has_repayment_only(row)


def _check_has_repayment_only(row: Row) -> None:
    filled = [column for column in _OF_THE_INSTALLMENT if row[column].strip()]
    if filled:
        raise Fault(Code.MISSING, f"number is empty, but {filled[0]} is not")
    if not row["repayment_amount"].strip():
        raise Fault(Code.MISSING, "number is empty, and there is no repayment either")


def _read_installment(row: Row, currency: str) -> InstallmentRecord:
    due = {part: _amount(row, part, currency) for part in _PARTS}
    total = _amount(row, "total_due", currency)
    became = {fate: _amount(row, fate, currency) for fate in ("paid", "waived", "outstanding")}
    check_sum("total_due", total, due)
    check_sum("total_due", total, became)
    return InstallmentRecord(
        number=_number(row),
        due_on=day_of(row["due_on"], "due_on"),
        principal=due["principal_due"],
        interest=due["interest_due"],
        fees=due["fees_due"],
        penalties=due["penalties_due"],
        total=total,
        paid=became["paid"],
        outstanding=became["outstanding"],
        settled_on=day_of(row["settled_on"], "settled_on") if row["settled_on"].strip() else None,
    )


def _number(row: Row) -> int:
    said = row["number"].strip()
    if not (said.isascii() and said.isdigit() and len(said) <= 10):
        raise Fault(Code.VALUE, f"number is {excerpt(said)}, not a whole number")
    return int(said)


def _amount(row: Row, column: str, currency: str) -> Decimal:
    """A column that the file leaves out is 0 throughout; a cell left empty in a column that is there is a mistake."""
    said = row[column] if column in row.cells else "0"
    return amount_of(decimal_of(said, column), currency, column)


def _repayments(rows: list[Row], currency: str, remarks: Remarks) -> Iterator[RepaymentRecord]:
    for row in rows:
        if any(row[column].strip() for column in _OF_THE_REPAYMENT):
            with at(f"line {row.line}"):
                yield _read_repayment(row, currency, remarks)


def _read_repayment(row: Row, currency: str, remarks: Remarks) -> RepaymentRecord:
    amount = _amount(row, "repayment_amount", currency)
    if not amount:
        raise Fault(Code.AMOUNT, "repayment_amount is 0; a repayment moves money")
    reference = remarks.reference(row["repayment_reference"], "repayment_reference")
    return RepaymentRecord(reference, amount, day_of(row["repayment_on"], "repayment_on"), reversed=False)
