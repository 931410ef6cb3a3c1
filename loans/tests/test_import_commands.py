"""The two import commands as an operator meets them."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.core.management.base import OutputWrapper

from loans.intake.progress import shown
from loans.models import Loan, Report, StatementLine
from loans.tests.camt_files import write_statement
from loans.tests.factories import make_bank
from loans.tests.fineract_files import loan_json, write_json
from loans.tests.import_runs import run, spawn
from loans.tests.test_statement_reading import ENTRY

LOAN = {"LN-17": "1000.00"}


@pytest.fixture
def loans_file(tmp_path: Path) -> Path:
    path = tmp_path / "loans.json"
    path.write_bytes(write_json([loan_json()]))
    return path


@pytest.fixture
def statement_file(tmp_path: Path) -> Path:
    path = tmp_path / "statement.xml"
    path.write_bytes(write_statement([ENTRY]))
    return path


def test_a_dry_run_prints_one_object_a_record_and_needs_no_database(loans_file: Path, statement_file: Path) -> None:
    loans = spawn("import_loans", "--dry-run", "--json", loans_file)
    statement = spawn("import_statement", "--json", "--dry-run", statement_file)
    assert (loans.code, loans.err, statement.code, statement.err) == (0, "", 0, "")
    assert {record["external_id"]: record["principal"] for record in loans.records} == LOAN
    assert statement.records == [ENTRY.as_json()]


def test_standard_input_is_a_file_too(loans_file: Path) -> None:
    read = spawn("import_loans", "-", "--dry-run", "--json", stdin=loans_file.read_bytes())
    assert (read.code, {record["external_id"]: record["principal"] for record in read.records}) == (0, LOAN)
    refused = spawn("import_statement", "-", "--dry-run", "--json", stdin=b"")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("standard input: is empty")


def test_one_refused_file_among_several_is_told_apart(loans_file: Path, tmp_path: Path) -> None:
    ran = run("import_loans", loans_file, tmp_path / "missing", loans_file, "--dry-run", "--json")
    assert (ran.code, len(ran.records)) == (2, 2)
    assert ran.err == f"{tmp_path}/missing: cannot be read: No such file or directory\n"


def test_without_json_a_summary_is_printed(loans_file: Path, statement_file: Path) -> None:
    assert run("import_loans", loans_file, "--dry-run").out == (
        f"{loans_file}: loans 1, installments 2, refused 0; nothing was kept\n"
    )
    assert run("import_statement", statement_file, "--dry-run").out == (
        f"{statement_file}: entries 1, transactions 1, refused 0; nothing was kept\n"
    )


def test_what_is_left_out_of_a_borrower_is_noted_and_refuses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "loans.json"
    path.write_bytes(write_json(loan_json(client={"id": 5, "displayName": "Lin Wei", "mobileNo": "12"})))
    ran = run("import_loans", path, "--dry-run", "--json")
    assert (ran.code, len(ran.records)) == (0, 1)
    assert ran.err.startswith(f"{path}:loan 1 (LN-17): note: the borrower's phone")
    assert "Lin" not in ran.out + ran.err


@pytest.mark.django_db
def test_what_is_left_out_is_noted_with_its_place_where_the_file_is_kept_too(tmp_path: Path) -> None:
    make_bank()
    path = tmp_path / "loans.json"
    borrowers = [{"id": number, "mobileNo": "12", "emailAddress": f"{number}@example.test"} for number in (5, 6)]
    path.write_bytes(write_json([loan_json(externalId=f"LN-{one['id']}", client=one) for one in borrowers]))
    ran = run("import_loans", path, "--partner", "harbour")
    said = [line for line in ran.err.splitlines() if "left out" in line]
    assert [line.split(" the borrower")[0] for line in said] == [
        f"{path}: note: loan 1 (LN-5):",
        f"{path}: note: loan 2 (LN-6):",
    ]
    assert [remark.split(":")[0] for remark in Report.objects.get().remarks if "left out" in remark] == [
        "loan 1 (LN-5)",
        "loan 2 (LN-6)",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_a_long_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    content, terminal, pipe = io.BytesIO(b"x" * 100), Terminal(), io.StringIO()
    moments = iter(range(100))
    monkeypatch.setattr("loans.intake.progress.time.monotonic", lambda: next(moments))
    content.seek(50)
    assert list(shown([1, 2], content, 100, OutputWrapper(terminal))) == [1, 2]
    assert " 50%  1 records" in terminal.getvalue()
    assert list(shown([1, 2], content, 100, OutputWrapper(pipe))) == [1, 2]
    assert pipe.getvalue() == ""


def test_a_reader_that_goes_away_ends_the_command_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "statement.xml"
    path.write_bytes(write_statement([ENTRY] * 3_000))
    command = [sys.executable, "manage.py", "import_statement", str(path), "--dry-run", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.django_db
def test_a_file_that_was_kept_is_printed_and_the_same_bytes_again_change_nothing(loans_file: Path) -> None:
    make_bank()
    first = run("import_loans", loans_file, "--json")
    again = run("import_loans", loans_file)
    assert (first.code, {record["external_id"]: record["principal"] for record in first.records}) == (0, LOAN)
    assert (again.code, "received before as report" in again.out) == (0, True)
    assert (Loan.objects.count(), Report.objects.count()) == (1, 1)
    assert Report.objects.get().name == "loans.json"


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_is_kept_and_refused(tmp_path: Path) -> None:
    make_bank()
    path = tmp_path / "statement.xml"
    path.write_bytes(b"<Document>")
    ran = run("import_statement", path, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{path}:line 1: cannot be read as XML")
    assert bytes(Report.objects.get().content) == b"<Document>"


@pytest.mark.django_db
def test_records_that_read_well_are_kept_beside_one_that_does_not(tmp_path: Path) -> None:
    make_bank()
    path = tmp_path / "statement.xml"
    path.write_bytes(write_statement([ENTRY, ENTRY]).replace(b">510.25<", b">x<", 1))
    ran = run("import_statement", path)
    assert ran.code == 2
    assert ran.out.endswith("refused 1\n")
    assert StatementLine.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [[], ["--partner", "nobody"]])
def test_a_file_of_nobody_is_not_kept_and_the_operator_is_told_why(loans_file: Path, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"--partner|add_partner") as raised:
        run("import_loans", loans_file, *arguments)
    assert raised.value.returncode == 2
    assert Report.objects.count() == 0
