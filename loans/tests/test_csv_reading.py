"""Loans as CSV: strict columns, whole loans, and the line of every fault."""

import io
from datetime import date
from decimal import Decimal

import pytest

from loans.intake.csv_file import COLUMNS, read_loans
from loans.intake.records import Code, LoanRecord, Refusal, RepaymentRecord, UnreadableFile

HEADER = "loan,currency,principal,number,due_on,principal_due,interest_due,total_due,paid,outstanding"
FIRST = "LN-1,CNY,1000,1,2026-12-05,500,10.25,510.25,510.25,0"
SECOND = "LN-1,CNY,1000,2,2027-01-05,500,10.25,510.25,0,510.25"
OTHER = "LN-2,JPY,50000,1,2026-12-05,50000,0,50000,0,50000"


def read(*lines: str, header: str = HEADER) -> list[LoanRecord | Refusal]:
    return list(read_loans(io.BytesIO("\n".join((header, *lines, "")).encode()), "loans.csv"))


def refused(*lines: str, header: str = HEADER) -> Refusal:
    (record,) = read(*lines, header=header)
    assert isinstance(record, Refusal)
    return record


def unreadable(content: bytes) -> Refusal:
    with pytest.raises(UnreadableFile) as raised:
        read_loans(io.BytesIO(content), "loans.csv")
    return raised.value.refusal


def test_rows_become_loans_with_their_installments() -> None:
    first, other = read(FIRST, SECOND, "", ",,,,,,,,,", OTHER)
    assert isinstance(first, LoanRecord)
    assert isinstance(other, LoanRecord)
    assert [(item.number, item.due_on) for item in first.installments] == [
        (1, date(2026, 12, 5)),
        (2, date(2027, 1, 5)),
    ]
    assert (first.external_id, first.principal, first.place) == ("LN-1", Decimal("1000.00"), "line 2 (LN-1)")
    assert str(other.installments[0].total) == "50000"


def test_every_column_can_be_given() -> None:
    cells = {
        "loan": "LN-1",
        "currency": "CNY",
        "principal": "1000.00",
        "product": "手机分期",
        "disbursed_on": "2026-11-05",
        "number": "1",
        "due_on": "2026-12-05",
        "principal_due": "500.00",
        "interest_due": "10.25",
        "fees_due": "5",
        "penalties_due": "2.5",
        "total_due": "517.75",
        "paid": "500",
        "waived": "2.50",
        "outstanding": "15.25",
        "settled_on": "2026-12-04",
        "borrower": "B-5",
        "borrower_name": "Lin Wei",
        "borrower_phone": "13800138000",
        "borrower_email": "lin@example.com",
        "borrower_locale": "zh-CN",
        "borrower_time_zone": "Asia/Shanghai",
        "repayment_reference": "E2E-1",
        "repayment_on": "2026-12-04",
        "repayment_amount": "500.00",
    }
    assert set(cells) == {*COLUMNS.required, *COLUMNS.optional}
    (record,) = read(",".join(cells.values()), header=",".join(cells))
    assert isinstance(record, LoanRecord)
    assert record.remarks == ()
    assert record.borrower
    assert record.borrower.phone == "+8613800138000"
    assert record.disbursed_on == date(2026, 11, 5)
    assert record.repayments == (RepaymentRecord("E2E-1", Decimal("500.00"), date(2026, 12, 4), reversed=False),)
    (item,) = record.installments
    assert (item.fees, item.penalties, item.waived) == (Decimal("5.00"), Decimal("2.50"), Decimal("2.50"))
    assert item.settled_on == date(2026, 12, 4)


def test_a_row_without_a_number_tells_a_further_repayment() -> None:
    header = f"{HEADER},repayment_reference,repayment_on,repayment_amount"
    rows = (f"{FIRST},E2E-1,2026-12-03,500", "LN-1,CNY,1000,,,,,,,,E2E-2,2026-12-04,10.25")
    (record,) = read(*rows, header=header)
    assert isinstance(record, LoanRecord)
    assert [seen.reference for seen in record.repayments] == ["E2E-1", "E2E-2"]
    assert len(record.installments) == 1


@pytest.mark.parametrize("row", ["LN-1,CNY,1000,,,,,,,", "LN-1,CNY,1000,,2026-12-05,500,10.25,510.25,0,510.25"])
def test_a_row_without_number_and_without_repayment_is_refused(row: str) -> None:
    assert refused(FIRST, row).code == Code.MISSING


def test_columns_may_stand_in_any_order_and_the_file_may_begin_with_a_byte_order_mark() -> None:
    header, row = (",".join(reversed(line.split(","))) for line in (HEADER, FIRST))
    content = f"{header}\r\n{row}\r\n".encode("utf-8-sig")
    (record,) = read_loans(io.BytesIO(content), "loans.csv")
    assert isinstance(record, LoanRecord)


def test_a_quoted_cell_may_hold_line_breaks_commas_and_a_formula_and_lines_are_still_counted_right() -> None:
    header = f"{HEADER},product,borrower,borrower_name"
    odd = '"=HYPERLINK(""http://x"",""a"")",B-5,"Lin,\nWei"'
    record, refusal = read(f"{FIRST},{odd}", f"{OTHER.replace('50000,0,50000', '1,0,50000')},,,", header=header)
    assert isinstance(record, LoanRecord)
    assert record.product == '=HYPERLINK("http://x","a")'
    assert isinstance(refusal, Refusal)
    assert refusal.place == "loan LN-2, line 4"


def test_a_bad_row_refuses_its_loan_and_leaves_the_others_alone() -> None:
    records = read(FIRST, SECOND.replace("10.25", "12,5", 1), OTHER)
    assert [type(record) for record in records] == [Refusal, LoanRecord]
    assert isinstance(records[0], Refusal)
    assert (records[0].place, records[0].reason) == ("loan LN-1, line 3", "the row has 11 cells, the header 10")


@pytest.mark.parametrize(
    "said", ['"12,5"', "1e5", "NaN", "", "１２", "+-1", "0x10", "1 000", "-1", "10.255", "9" * 400]
)
def test_an_amount_that_is_none_is_refused_with_its_line_and_column(said: str) -> None:
    refusal = refused(FIRST, SECOND.replace("10.25", said, 1))
    assert (refusal.place, refusal.code) == ("loan LN-1, line 3", Code.AMOUNT)
    assert "interest_due" in refusal.reason


@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    [
        ("510.25,0,510.25", "511,0,511", Code.SUMS, "differ by 0.75"),
        ("510.25,0,510.25", "510.25,1,510.25", Code.SUMS, "differ by 1.00"),
        ("CNY", "EUR", Code.VALUE, "currency"),
        (",1000,", ",1001,", Code.VALUE, "principal"),
        (",2,", ",1,", Code.REPEATED, "twice"),
        (",2,", ",2.0,", Code.VALUE, "number"),
        (",2,", ",0,", Code.ORDER, "first"),
        ("2027-01-05", "2027-02-30", Code.DATE, "does not exist"),
        ("2027-01-05", "5.1.2027", Code.DATE, "due_on"),
    ],
)
def test_a_row_that_contradicts_is_refused_with_its_line(old: str, new: str, code: Code, word: str) -> None:
    refusal = refused(FIRST, SECOND.replace(old, new, 1))
    assert (refusal.place, refusal.code) == ("loan LN-1, line 3", code)
    assert word in refusal.reason


def test_an_unknown_currency_is_refused() -> None:
    assert refused(FIRST.replace("CNY", "RMB")).code == Code.CURRENCY


def test_rows_of_a_loan_that_stand_apart_are_refused_with_both_lines() -> None:
    first, _, again = read(FIRST, OTHER, SECOND)
    assert isinstance(first, LoanRecord)
    assert isinstance(again, Refusal)
    assert (again.place, again.code) == ("loan LN-1, line 4", Code.REPEATED)
    assert "line 2" in again.reason


def test_a_row_that_names_no_loan_is_refused() -> None:
    assert refused(FIRST.replace("LN-1", " ")).place == "line 2"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (HEADER.replace(",paid", ""), ["the column paid is missing"]),
        (HEADER.replace(",paid", ",payed"), ["the column paid is missing", "the column 'payed' is not known"]),
        (f"{HEADER},paid", ["the column paid is there twice"]),
        (HEADER.replace(",", ";"), ["separated by commas"]),
        (f"{HEADER},", ["the column '' is not known"]),
    ],
)
def test_a_header_that_does_not_fit_is_refused_by_the_column(header: str, words: list[str]) -> None:
    refusal = unreadable(f"{header}\n{FIRST}\n".encode())
    assert refusal.place == "line 1"
    assert all(word in refusal.reason for word in words)


@pytest.mark.parametrize(
    ("content", "place", "code"),
    [
        (f"{HEADER},product\n{FIRST},手机\n".encode("gb18030"), "line 2", Code.ENCODING),
        (f"{HEADER}\n{FIRST}\n".encode("utf-16"), "line 1", Code.ENCODING),
        (f"{HEADER}\n{FIRST}\nLN\0-2".encode(), "line 3", Code.ENCODING),
        (f'{HEADER},product\n{FIRST},"never closed\n{SECOND}\n'.encode(), "line 2", Code.MALFORMED),
        (f'{HEADER},product\n{FIRST},"a"b\n'.encode(), "line 2", Code.MALFORMED),
        (f"{HEADER},product\n{FIRST},{'x' * 200_000}\n".encode(), "line 2", Code.MALFORMED),
    ],
)
def test_a_file_that_is_no_csv_is_refused_as_a_whole_with_the_line(content: bytes, place: str, code: Code) -> None:
    refusal = unreadable(content)
    assert (refusal.place, refusal.code) == (place, code)


def test_a_wrong_encoding_is_named_with_its_byte() -> None:
    content = f"{HEADER},product\n{FIRST},手机\n".encode("gb18030")
    assert f"byte {content.index('手'.encode('gb18030'))}" in unreadable(content).reason
