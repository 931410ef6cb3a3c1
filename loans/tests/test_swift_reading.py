"""MT940 and MT942 as banks write them: with and without envelope, in three styles of information."""

import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.intake.reading import read_statement
from loans.intake.records import Refusal, UnreadableFile
from loans.intake.statement_records import EntryRecord, StatementRecord, StatusRecord
from loans.intake.swift_details import read_details
from loans.intake.swift_values import day_near

ENVELOPED = """{1:F01HARBCNSHAXXX0000000000}{2:O9401200261203HARBCNSHAXXX00000000002612031200N}{4:
:20:STMT-17
:25:6222000011
:28C:17/1
:60F:C261202CNY1000,00
:61:2612031203C510,25NTRFLN-17//BANK-77
:86:166?00SEPA-GUTSCHRIFT?109310?20EREF+LN-17-1?21SVWZ+installment 1 of LN-17?22, thank you?32LIN WEI
:61:2612031203RC100,00NRTINONREF//BANK-78
:86:109?00RUECKLASTSCHRIFT?20EREF+E2E-9?21SVWZ+RETURN AC04?22/OCMT/CNY96,50?23/CHGS/CNY3,50
:62F:C261203CNY1410,25
-}{5:{CHK:000000000000}}
"""
BARE = ENVELOPED.partition("{4:\n")[2].rpartition("-}")[0]
INTERIM = """:20:INT-1
:25:6222000011
:28C:40
:34F:CNY0,
:13D:2612031130+0800
:61:2612031203C510,25NTRFNONREF//BANK-77
:86:/EREF/LN-17-1/REMI/USTD//installment 1/
:90C:1CNY510,25
-
"""


def read(text: str) -> list[EntryRecord | StatementRecord | Refusal]:
    records = read_statement(io.BytesIO(text.encode()), "940.sta")
    return [record for record in records if not isinstance(record, StatusRecord)]


def entries(text: str) -> list[EntryRecord]:
    return [record for record in read(text) if isinstance(record, EntryRecord)]


def line(text: str) -> EntryRecord:
    (entry,) = entries(f":20:X\n:25:1\n:28C:1\n:60F:C261202CNY0,\n{text}\n:62F:C261203CNY0,\n-\n")
    return entry


def refused(change: str) -> Refusal:
    """Of a change such as "old -> new"."""
    old, _arrow, new = change.partition(" -> ")
    (refusal,) = [record for record in read(ENVELOPED.replace(old, new)) if isinstance(record, Refusal)]
    return refusal


@pytest.mark.parametrize(
    "text",
    [
        ENVELOPED,
        BARE,
        BARE + "-\n",
        ENVELOPED.replace("\n", "\r\n"),
        "\ufeff" + BARE,
        ENVELOPED.replace("{4:\n", "{4:"),
        "HARBOUR\n940\nHARBOUR\n" + BARE,
    ],
    ids=["envelope", "bare", "dash", "CRLF", "BOM", "one line", "heading"],
)
def test_a_statement_is_read_whole_in_every_dress(text: str) -> None:
    paid, back, head = read(text)
    assert isinstance(paid, EntryRecord)
    assert isinstance(back, EntryRecord)
    assert (paid.account, paid.amount, paid.currency, paid.side, paid.status, paid.reference) == (
        "6222000011",
        Decimal("510.25"),
        "CNY",
        "credit",
        "BOOK",
        "BANK-77",
    )
    assert (paid.booking_date, paid.value_date, paid.reversal) == (date(2026, 12, 3), date(2026, 12, 3), False)
    (told,) = paid.transactions
    assert (told.end_to_end_id, told.remittance) == ("LN-17-1", "LN-17 installment 1 of LN-17, thank you")
    (taken,) = back.transactions
    assert (back.side, back.reversal, taken.returned, taken.return_reason) == ("debit", True, True, "AC04")
    assert (taken.end_to_end_id, taken.instructed, taken.charges) == ("E2E-9", Decimal("96.50"), Decimal("3.50"))
    assert isinstance(head, StatementRecord)
    assert (head.series, head.number, head.page, head.difference, head.entries) == ("MT940", 17, 1, Decimal(0), 2)
    assert (head.first_on, head.last_on) == (date(2026, 12, 2), date(2026, 12, 3))


def test_an_interim_report_announces_and_books_nothing() -> None:
    (entry,), (head,) = entries(INTERIM), [item for item in read(INTERIM) if isinstance(item, StatementRecord)]
    assert (entry.status, entry.currency, entry.transactions[0].end_to_end_id) == ("PDNG", "CNY", "LN-17-1")
    assert (head.series, head.number, head.booked, head.difference) == ("MT942", 40, Decimal(0), None)


def test_several_messages_in_a_file_are_kept_apart() -> None:
    second = ENVELOPED.replace(":28C:17/1", ":28C:18").replace("6222000011", "6222000022")
    records = read(ENVELOPED + second + INTERIM)
    heads = [record for record in records if isinstance(record, StatementRecord)]
    assert [(head.series, head.account, head.number) for head in heads] == [
        ("MT940", "6222000011", 17),
        ("MT940", "6222000022", 18),
        ("MT942", "6222000011", 40),
    ]
    assert [record.place.partition(", ")[2] for record in records if isinstance(record, EntryRecord)] == [
        f"entry {number}" for number in range(1, 6)
    ]


@pytest.mark.parametrize(
    ("mark", "side", "reversal", "status"),
    [
        ("C", "credit", False, "BOOK"),
        ("D", "debit", False, "BOOK"),
        ("RC", "debit", True, "BOOK"),
        ("RD", "credit", True, "BOOK"),
        ("EC", "credit", False, "PDNG"),
        ("ED", "debit", False, "PDNG"),
        ("CR", "credit", False, "BOOK"),
        ("RCY", "debit", True, "BOOK"),
    ],
)
def test_marks_say_which_way_and_whether_back(mark: str, side: str, reversal: bool, status: str) -> None:
    entry = line(f":61:261203{mark}1,NTRFNONREF")
    assert (entry.side, entry.reversal, entry.status) == (side, reversal, status)


@pytest.mark.parametrize(
    ("dates", "booked", "valued"),
    [
        ("2701021231", date(2026, 12, 31), date(2027, 1, 2)),
        ("2612310102", date(2027, 1, 2), date(2026, 12, 31)),
        ("261203", date(2026, 12, 3), date(2026, 12, 3)),
        ("2802290301", date(2028, 3, 1), date(2028, 2, 29)),
        ("2703010229", None, None),
        ("990101", date(1999, 1, 1), date(1999, 1, 1)),
    ],
)
def test_the_entry_date_is_in_the_year_that_is_closest(dates: str, booked: date | None, valued: date | None) -> None:
    if booked is None:
        content = f":20:X\n:25:1\n:28C:1\n:60F:C261202CNY0,\n:61:{dates}C1,NTRFNONREF\n"
        assert "does not exist" in str(next(record for record in read(content) if isinstance(record, Refusal)))
        return
    entry = line(f":61:{dates}C1,NTRFNONREF")
    assert (entry.booking_date, entry.value_date) == (booked, valued)


@given(valued=st.dates(date(1980, 1, 3), date(2079, 12, 28)), apart=st.integers(-150, 150))
def test_an_entry_date_within_five_months_of_the_value_date_is_found(valued: date, apart: int) -> None:
    booked = date.fromordinal(valued.toordinal() + apart)
    assert day_near(f"{booked:%m%d}", valued, "") == booked


@pytest.mark.parametrize(("text", "amount"), [("1,", "1.00"), ("0,5", "0.50"), ("1234567,89", "1234567.89")])
def test_amounts_are_exact(text: str, amount: str) -> None:
    assert str(line(f":61:261203C{text}NTRFNONREF").amount) == amount


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ("C510,25N -> C510.25N", "line 6, entry 1", ":61: is"),
        ("C510,25N -> C51025N", "line 6, entry 1", "comma"),
        ("C510,25N -> C5,10,25N", "line 6, entry 1", "comma"),
        ("C510,25N -> C510,255N", "line 6, entry 1", "smallest unit"),
        ("C510,25N -> X510,25N", "line 6, entry 1", ":61: is"),
        ("2612031203C510 -> 2613031203C510", "line 6, entry 1", "does not exist"),
        ("EREF+LN-17-1 -> EREF+" + "L" * 40, "line 6, entry 1", "at most 35"),
        ("//BANK-77 -> //" + "B" * 70, "line 6, entry 1", "at most 64"),
        (":28C:17/1 -> :28C:x", "line 2, statement 1", ":28C:"),
        (":62F:C -> :62F:X", "line 2, statement 1", ":62F:"),
        ("C261203CNY1410,25 -> C261203XXX1410,25", "line 2, statement 1", "XXX"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line(change: str, place: str, words: str) -> None:
    refusal = refused(change)
    assert (refusal.place, words in refusal.reason) == (place, True)


def test_without_a_currency_every_line_is_refused() -> None:
    refusals = [record for record in read(BARE.replace(":60F:C261202CNY1000,00\n", "")) if isinstance(record, Refusal)]
    assert [refusal.reason for refusal in refusals] == [
        *["neither :60F: nor :34F: before it says the currency"] * 2,
        "neither :60F: nor :34F: says the currency",
    ]


def test_a_balance_that_does_not_agree_is_remarked() -> None:
    head = read(ENVELOPED.replace("CNY1410,25", "CNY1400,25"))[-1]
    assert isinstance(head, StatementRecord)
    assert "10.00 too little" in head.remarks[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BARE.encode("utf-16"), "cannot be read as XML"),
        (BARE.replace("LIN", "还款").encode("gb18030"), "line 6: not UTF-8 at byte"),
        (BARE.replace("LIN", "\0").encode(), "line 6: holds a NUL byte"),
        (BARE.encode() + b"x" * 5_000, "line 10: the line is longer"),
    ],
)
def test_a_file_that_is_no_text_is_refused_before_its_first_entry(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        list(read_statement(io.BytesIO(content), "940.sta"))


@pytest.mark.parametrize(
    ("lines", "reference", "text"),
    [
        (["166?20EREF+E-1?21SVWZ+rent"], "E-1", "rent"),
        (["166?20EREF+ABCDEFGHIJKLMNOPQRSTUV?21WXYZ?22SVWZ+rent"], "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "rent"),
        (["166?20SVWZ+rent of LN-1", "7?21EREF+NOTPROVIDED"], None, "rent of LN-17"),
        (["166?00X?20rent of?21LN-17?30BANK?31ACCT?32NAME"], None, "rent of LN-17"),
        (["/EREF/E-1/REMI/USTD//rent of LN-17/ORDP/NAME/X"], "E-1", "rent of LN-17"),
        (["/EREF/NOTPROVIDED/REMI/rent and/or LN-17"], None, "rent and/or LN-17"),
        (["rent of", "LN-17"], None, "rent of LN-17"),
        (["x" * 60 + " LN-1", "7 thanks"], None, "x" * 60 + " LN-17 thanks"),
        ([], None, ""),
        (["?"], None, "?"),
        (["166?"], None, ""),
    ],
)
def test_information_is_read_in_three_styles(lines: list[str], reference: str | None, text: str) -> None:
    details = read_details(lines)
    assert (details.end_to_end_id, details.text) == (reference, text)


@given(st.lists(st.text(max_size=80), max_size=8))
def test_any_information_is_read(lines: list[str]) -> None:
    read_details(lines)


@given(st.text(max_size=400))
def test_any_text_after_a_first_field_is_read_or_refused(text: str) -> None:
    try:
        list(read_statement(io.BytesIO(f":20:X\n:60F:C261202CNY0,\n{text}".encode("utf-8", "replace")), "x"))
    except UnreadableFile:
        return
