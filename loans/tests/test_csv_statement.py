"""Movements as CSV, and files that are packed."""

import gzip
import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from loans.intake.reading import kind_of, read_loans, read_statement
from loans.intake.records import Refusal, UnreadableFile
from loans.intake.statement_records import EntryRecord

HEADER = (
    "account,amount,currency,side,booked_on,valued_on,reference,end_to_end_id,remittance,reversal,return_reason,status"
)
ROW = "6222,510.25,CNY,credit,2026-12-03,2026-12-04,R-1,LN-17-1,期款 LN-17,,,"


def read(*rows: str, header: str = HEADER) -> list[object]:
    return list(read_statement(io.BytesIO("\n".join((header, *rows)).encode()), "r.csv"))


def test_a_row_is_an_entry_of_one_transaction() -> None:
    (entry,) = read(ROW)
    assert isinstance(entry, EntryRecord)
    assert (entry.account, entry.amount, entry.side, entry.status) == ("6222", Decimal("510.25"), "credit", "BOOK")
    assert (entry.booking_date, entry.value_date, entry.reference) == (date(2026, 12, 3), date(2026, 12, 4), "R-1")
    (told,) = entry.transactions
    assert (told.end_to_end_id, told.remittance, told.returned) == ("LN-17-1", "期款 LN-17", False)


def test_a_return_is_told_by_its_reason_or_the_reversal() -> None:
    reason, reversal = read(
        ROW.replace("credit", "DBIT").replace(",,,", ",,AM04,"),
        ROW.replace("credit", "debit").replace(",,,", ",true,,"),
    )
    assert isinstance(reason, EntryRecord)
    assert isinstance(reversal, EntryRecord)
    assert (reason.side, reason.transactions[0].returned, reason.transactions[0].return_reason) == (
        "debit",
        True,
        "AM04",
    )
    assert (reversal.reversal, reversal.transactions[0].returned) == (True, True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("510.25", "510,25", "cells"),
        ("510.25", "-1", "never negative"),
        ("510.25", "1e3", "amount is"),
        ("510.25", "510.255", "smallest unit"),
        ("510.25", "9" * 16, "15 digits"),
        ("CNY", "XXX", "XXX"),
        ("credit", "in", "side is 'in'"),
        ("2026-12-03", "2026-02-30", "does not exist"),
        ("6222", " ", "the cell account is empty"),
        (",,,", ",maybe,,", "reversal is"),
        (",,,", ",,,DONE", "status is"),
        ("LN-17-1", "L" * 36, "at most 35"),
    ],
)
def test_a_row_that_cannot_be_understood_is_refused_and_the_next_is_read(old: str, new: str, words: str) -> None:
    refusal, entry = read(ROW.replace(old, new, 1), ROW)
    assert isinstance(refusal, Refusal)
    assert isinstance(entry, EntryRecord)
    assert refusal.place == "line 2, entry 1"
    assert words in refusal.reason


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (f"{HEADER}\n".encode(), "statement"),
        (b"\xef\xbb\xbfloan,currency\n", "loans"),
        (b'"loan","currency"\n', "loans"),
        (b"[{}]", "loans"),
        (b"<Document/>", "statement"),
        (b":20:X\n", "statement"),
        (b"", "statement"),
    ],
)
def test_what_a_file_is_about_is_seen_by_what_is_in_it(content: bytes, kind: str) -> None:
    assert kind_of(io.BytesIO(content)) == kind


def test_nothing_is_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("053.xml", b" " * 10_000_000)
    for content, words in ((packed.getvalue(), "ZIP"), (gzip.compress(b"<a/>"), "gzip")):
        for reader in (read_statement, read_loans):
            with pytest.raises(UnreadableFile, match=words):
                reader(io.BytesIO(content), "packed")
