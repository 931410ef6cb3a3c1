"""What a partner writes is what we read, and nothing a partner can write brings a reader down."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from loans.intake.reading import read_loans, read_statement
from loans.intake.records import LoanRecord, Refusal, UnreadableFile
from loans.intake.statement_records import EntryRecord
from loans.tests.camt_files import MESSAGES, write_statement
from loans.tests.fineract_files import Told, loan_json, loans, write_json
from loans.tests.record_strategies import entries

Reader = Callable[[BinaryIO, str], Iterator[LoanRecord | EntryRecord | Refusal]]
VERSIONS = range(2, 15)
thorough = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

CSV = b"""loan,currency,principal,number,due_on,principal_due,interest_due,total_due,paid,outstanding,product
LN-1,CNY,1000.00,1,2026-12-05,500.00,10.25,510.25,0,510.25,"Phone,
plan"
LN-1,CNY,1000.00,2,2027-01-05,500.00,10.25,510.25,0,510.25,"Phone,
plan"
"""


@thorough
@given(st.data(), st.sampled_from(sorted(MESSAGES)), st.sampled_from(VERSIONS))
def test_every_version_of_every_message_is_read_back_as_it_was_written(
    data: st.DataObject, message: str, version: int
) -> None:
    written = data.draw(st.lists(entries(version), max_size=4))
    content = write_statement(written, message, version)
    read = list(read_statement(io.BytesIO(content), "statement.xml"))
    assert [replace(record, place="") for record in read if isinstance(record, EntryRecord)] == written


@thorough
@given(st.lists(loans(), min_size=1, max_size=3, unique_by=lambda told: told.record.external_id), st.booleans())
def test_loans_of_fineract_are_read_back_as_they_were_written(told: list[Told], page: bool) -> None:
    said = [one.json for one in told]
    content = write_json({"totalFilteredRecords": len(said), "pageItems": said} if page else said)
    read = list(read_loans(io.BytesIO(content), "loans.json"))
    assert [replace(record, place="") for record in read if isinstance(record, LoanRecord)] == [
        one.record for one in told
    ]


@thorough
@given(st.binary(max_size=400))
@pytest.mark.parametrize("reader", [read_loans, read_statement])
def test_no_bytes_whatever_bring_a_reader_down(reader: Reader, content: bytes) -> None:
    assert_only_refuses(reader, content)


@thorough
@given(
    st.text(max_size=200),
    st.sampled_from(["[{%s}]", "<Document>%s</Document>", "<a>%s", '{"pageItems": [%s]}', "loan,%s"]),
)
@pytest.mark.parametrize("reader", [read_loans, read_statement])
def test_no_text_inside_a_likely_file_brings_a_reader_down(reader: Reader, text: str, around: str) -> None:
    assert_only_refuses(reader, (around % text).encode("utf-8", "surrogatepass"))


@thorough
@given(data=st.data())
@pytest.mark.parametrize(
    ("reader", "valid"),
    [
        pytest.param(read_loans, write_json([loan_json(), loan_json(externalId="LN-18")]), id="json"),
        pytest.param(read_loans, CSV, id="csv"),
        pytest.param(read_statement, None, id="camt"),
    ],
)
def test_a_damaged_file_is_refused_or_read_and_never_more(
    data: st.DataObject, reader: Reader, valid: bytes | None
) -> None:
    content = bytearray(valid or write_statement([data.draw(entries(8))]))
    for _ in range(data.draw(st.integers(1, 4))):
        damage(data, content)
    assert_only_refuses(reader, bytes(content))


def damage(data: st.DataObject, content: bytearray) -> None:
    assume(content)
    position = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.sampled_from([0, 1, 1, 2, 20, 500]))
    instead = data.draw(
        st.sampled_from([b"", b"\0", b"\xff", b"<", b"&x;", b'"', b"]", b"9" * 30, b"-", b"null", b"e9"])
    )
    content[position : position + length] = instead


def assert_only_refuses(reader: Reader, content: bytes) -> None:
    """A refused file is refused before its first record; a refused record says why."""
    try:
        records = reader(io.BytesIO(content), "file")
    except UnreadableFile:
        return
    for record in records:
        assert record.reason if isinstance(record, Refusal) else record.place
