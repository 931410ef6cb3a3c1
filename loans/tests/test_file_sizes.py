"""A file that is longer than may be read is kept and refused with a code of its own, at every door."""

import io
import os
import time
from pathlib import Path

import pytest
from pytest_django import Settings

from loans.intake.inbox import take_all
from loans.intake.reports import receive, receive_file
from loans.models import Report
from loans.tests.camt_files import write_statement
from loans.tests.factories import make_bank
from loans.tests.fineract_files import loan_json, write_json
from loans.tests.import_runs import run
from loans.tests.test_statement_reading import ENTRY

pytestmark = pytest.mark.django_db
CSV = b"account,amount,currency,side,booked_on,end_to_end_id\n" + b"6222,1.00,CNY,credit,2026-11-22,E-1\n" * 9
JSON = write_json(loan_json())
XML = write_statement([ENTRY])
TABLES = [pytest.param("statement", CSV, id="csv"), pytest.param("loans", JSON, id="json")]


def refusal_of(report: Report) -> tuple[str, str]:
    (refusal,) = report.refusals
    return refusal["code"], refusal["reason"]


@pytest.mark.parametrize(("kind", "content"), TABLES)
def test_one_byte_more_than_may_be_read_is_refused_and_kept(settings: Settings, kind: str, content: bytes) -> None:
    make_bank()
    settings.TABLE_FILE_LIMIT = len(content) - 1
    outcome = receive_file("harbour", kind, "a", io.BytesIO(content))
    report = Report.objects.get(pk=outcome.report_id)
    code, reason = refusal_of(report)
    assert (report.status, code, bytes(report.content)) == ("refused", "too_large", content)
    assert "JSON and CSV are taken up to" in reason


@pytest.mark.parametrize(("kind", "content"), TABLES)
def test_a_file_of_just_that_size_is_read(settings: Settings, kind: str, content: bytes) -> None:
    make_bank()
    settings.TABLE_FILE_LIMIT = len(content)
    outcome = receive("harbour", kind, "a", content)
    assert not [refusal for refusal in outcome.refusals if refusal.code == "too_large"]


def test_a_statement_in_xml_has_a_limit_of_its_own(settings: Settings) -> None:
    make_bank()
    settings.TABLE_FILE_LIMIT, settings.STATEMENT_FILE_LIMIT = 1, len(XML)
    assert receive("harbour", "statement", "a.xml", XML).refused == 0
    settings.STATEMENT_FILE_LIMIT = len(XML)
    outcome = receive("harbour", "statement", "b.xml", XML + b"\n")
    assert [str(refusal.code) for refusal in outcome.refusals] == ["too_large"]
    assert "statements are taken up to" in outcome.refusals[0].reason


def test_in_the_folder_it_is_put_among_the_refused_with_the_reason_beside_it(
    settings: Settings, tmp_path: Path
) -> None:
    settings.TABLE_FILE_LIMIT = len(CSV) - 1
    place = tmp_path / make_bank().code
    place.mkdir()
    file = place / "night.csv"
    file.write_bytes(CSV)
    os.utime(file, (time.time() - 60, time.time() - 60))
    (taken,) = take_all(tmp_path)
    assert taken.path.parent.name == "refused"
    assert taken.path.read_bytes() == CSV
    assert "JSON and CSV are taken up to" in taken.path.with_name(taken.path.name + ".why.txt").read_text()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_the_command_ends_with_2(settings: Settings, tmp_path: Path, more: tuple[str, ...]) -> None:
    make_bank()
    settings.TABLE_FILE_LIMIT = len(JSON) - 1
    file = tmp_path / "loans.json"
    file.write_bytes(JSON)
    ran = run("import_loans", file, *more)
    assert (ran.code, "JSON and CSV are taken up to" in ran.err) == (2, True)
