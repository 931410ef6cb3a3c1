"""The raw bytes of a file of any size: kept in pieces, handed out as they came, once for the same bytes."""

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

import pytest
from django.db import DatabaseError, connection, transaction

from loans.intake.keeping import keep
from loans.intake.reports import receive, receive_file
from loans.models import Report, ReportPart
from loans.models.report_part import PART_BYTES
from loans.tests.factories import make_bank
from loans.tests.returns import booked, send

pytestmark = pytest.mark.django_db


def bytes_of(size: int) -> bytes:
    return bytes(number % 251 for number in range(4096)) * (size // 4096 + 1)


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 7])
def test_the_bytes_come_back_as_they_came(size: int) -> None:
    content = bytes_of(size)[:size]
    report = keep(make_bank(), "statement", "053.xml", io.BytesIO(content))
    again = Report.objects.get(pk=report.pk)
    assert b"".join(again.raw()) == content
    assert again.digest == hashlib.sha256(content).hexdigest()
    assert again.parts.count() == max(-(-size // PART_BYTES) - 1, 0)
    assert max(len(piece) for piece in again.raw()) <= PART_BYTES


def test_the_same_bytes_are_kept_once_and_others_that_begin_alike_apart() -> None:
    content = bytes_of(2 * PART_BYTES)
    first, again = (keep(make_bank(), "statement", "a", io.BytesIO(content)) for _ in range(2))
    other = keep(make_bank(), "statement", "a", io.BytesIO(content + b"x"))
    assert (first.pk, other.pk == first.pk) == (again.pk, False)
    assert ReportPart.objects.filter(report=first).count() == 2


class Torn(io.BytesIO):
    """A disk that fails in the middle of the second reading."""

    readings = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.readings += 1
        if self.readings == 6:
            raise OSError("the disk is gone")
        return super().read(size)


def test_a_file_that_cannot_be_read_to_its_end_leaves_no_half_of_it() -> None:
    with pytest.raises(OSError, match="disk"):
        keep(make_bank(), "statement", "a", Torn(bytes_of(2 * PART_BYTES)))
    assert not Report.objects.exists()


@pytest.mark.parametrize("change", ["UPDATE loans_reportpart SET content = ''", "DELETE FROM loans_reportpart"])
def test_a_part_stays_as_it_was_written(change: str) -> None:
    keep(make_bank(), "statement", "a", io.BytesIO(bytes_of(PART_BYTES)))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_what_is_told_of_a_file_full_of_mistakes_does_not_grow_with_it() -> None:
    make_bank()
    outcome = send(*(booked(f"E-{number}", amount="1,0") for number in range(1_100)))
    assert (outcome.refused, len(outcome.refusals), len(Report.objects.get().refusals)) == (1_100, 1_000, 1_000)


def test_a_stream_and_the_same_bytes_as_a_message_are_one_report() -> None:
    make_bank()
    content = b"<Document/>"
    first = receive_file("harbour", "statement", "a.xml", io.BytesIO(content))
    assert receive("harbour", "statement", "a.xml", content).report_id == first.report_id


def test_the_records_pass_before_the_eyes_of_who_watches() -> None:
    make_bank()
    seen = []

    def watch(records: Iterator[object], _content: BinaryIO) -> Iterator[object]:
        for record in records:
            seen.append(record)
            yield record

    receive_file("harbour", "statement", "a.xml", io.BytesIO(b"<Document/>"), watch=watch)  # type: ignore[arg-type]
    assert len(seen) == 1
