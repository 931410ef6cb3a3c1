"""Files that were made to hurt, or were hurt on the way: one sentence on standard error, exit code 2, nothing more."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from loans.tests.camt_files import NAMESPACE, write_entry, write_statement
from loans.tests.fineract_files import loan_json, write_json
from loans.tests.import_runs import run, spawn
from loans.tests.test_statement_reading import ENTRY

STATEMENT = write_statement([ENTRY, ENTRY])
BODY = STATEMENT.partition(b"?>\n")[2]
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 30))


def refused(command: str, path: Path) -> str:
    """The one line that the command says of a file it cannot read."""
    ran = run(command, path, "--dry-run", "--json")
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"{path}")
    assert len(line) < 500
    return line


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"", "", "is empty"),
        (b" \n", "line 2", "cannot be read as XML"),
        (STATEMENT[: len(STATEMENT) // 2], "line 5", "cannot be read as XML"),
        (STATEMENT[:60], "line 2", "cannot be read as XML"),
        (STATEMENT + b"<more/>", "line 9", "cannot be read as XML"),
        (b":20:STARTUMS\r\n:25:10020030/1234567\r\n", "line 1, statement 1", "neither :60F: nor :34F:"),
        (b'{"pageItems": []}', "line 1", "cannot be read as XML"),
        (BODY.replace("还款".encode(), "还款".encode("gb18030")), "line 4", "encoding"),
        (STATEMENT.replace(b"UTF-8", b"KOI-42"), "line 1", "encoding"),
        (
            b'<?xml version="1.0"?>\n<!DOCTYPE Document [<!ENTITY l0 "lol">' + LAUGHS + b"]>\n" + BODY,
            "line 2",
            "DOCTYPE",
        ),
        (b'\n<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n' + BODY, "line 2", "DOCTYPE"),
        (b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:1/x.dtd">\n' + BODY, "line 1", "DOCTYPE"),
        (b'<!DOCTYPE Document [<!ENTITY %% x SYSTEM "file:///etc/passwd">%%x;]>\n' + BODY, "line 1", "DOCTYPE"),
        ("<!DOCTYPE Document>\n<Document/>".encode("utf-16"), "line 1", "DOCTYPE"),
        (BODY.replace(b"BANK-77", b"&bank;", 1), "line 4", "Entity"),
        (BODY.replace(b"BANK-77", b"&#0;", 1), "line 4", "cannot be read as XML"),
        (BODY.replace(b"BANK-77", b"a\0b", 1), "line 4", "cannot be read as XML"),
        (BODY.replace(b"loan LN-17", b"x" * 11_000_000, 1), "line 4", "Resource limit exceeded"),
        (BODY.replace(b"<Ntry>", b"<!--" + b"x" * 11_000_000 + b"--><Ntry>", 1), "line 4", "too big"),
        (BODY.replace(b"<Ntry>", b"<a>" * 400 + b"</a>" * 400 + b"<Ntry>", 1), "line 4", "Excessive depth"),
        (BODY.replace(b"<Ntry>", b"<q:Ntry>", 1), "line 4", "Namespace prefix q"),
        (b'<Document xmlns="%spacs.008.001.08"><A/></Document>' % NAMESPACE.encode(), "line 1", "pacs.008.001.08"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_statement_is_refused_with_its_line(tmp_path: Path, content: bytes, place: str, words: str) -> None:
    path = tmp_path / "statement.xml"
    path.write_bytes(content)
    line = refused("import_statement", path)
    assert line.startswith(f"{path}:{place}: " if place else f"{path}: ")
    assert words in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (STATEMENT, "is XML"),
        (write_json(loan_json())[:-20], "not JSON"),
        (b"[" * 1_000_000, "nested too deeply"),
        ("[{}]".encode("utf-16"), "not UTF-8 at byte 0"),
        ('{"loanProductName": "分期"}'.encode("gb18030"), "not UTF-8 at byte 21"),
        (b"hello", "the column loan is missing"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not UTF-8 at byte 0"),
        (bytes(1000), "NUL byte"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_file_of_loans_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "loans"
    path.write_bytes(content)
    assert words in refused("import_loans", path)


@pytest.mark.parametrize("command", ["import_loans", "import_statement"])
def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path, command: str) -> None:
    assert "No such file" in refused(command, tmp_path / "missing")
    assert "directory" in refused(command, tmp_path)


@pytest.mark.parametrize("said", ["12,5", "1e5", "NaN", "", "-1.00", "0.001", "9" * 400])
def test_an_entry_with_an_amount_that_is_none_is_refused_and_the_next_is_printed(tmp_path: Path, said: str) -> None:
    path = tmp_path / "statement.xml"
    path.write_bytes(STATEMENT.replace(b">510.25<", b">%s<" % said.encode(), 1))
    ran = run("import_statement", path, "--dry-run", "--json")
    assert (ran.code, len(ran.records)) == (2, 1)
    assert ran.err.startswith(f"{path}:line 5, entry 1: Amt")


def test_a_loan_whose_currency_is_unknown_or_whose_amount_is_negative_is_refused_and_the_next_is_printed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "loans.json"
    bad = [loan_json(externalId="LN-1", currency={"code": "XXX"}), loan_json(externalId="LN-2", principal=Decimal(-1))]
    path.write_bytes(write_json([*bad, loan_json()]))
    ran = run("import_loans", path, "--dry-run", "--json")
    assert (ran.code, [record["external_id"] for record in ran.records]) == (2, ["LN-17"])
    assert [line.partition(": ")[0] for line in ran.err.splitlines()] == [
        f"{path}:loan 1 (LN-1)",
        f"{path}:loan 2 (LN-2)",
    ]


def test_a_terminal_is_not_written_to_by_what_a_file_says(tmp_path: Path) -> None:
    path = tmp_path / "loans.csv"
    path.write_bytes(b"loan,\x1b[2J\n")
    assert "\x1b" not in refused("import_loans", path)


def test_the_exit_code_holds_for_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "statement.xml"
    path.write_bytes(b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')
    ran = spawn("import_statement", path, "--dry-run", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert (
        ran.err
        == f"{path}:line 1: holds a DOCTYPE, which no ISO 20022 message has; the file was not read any further\n"
    )


MEASURED = """
import resource, sys
from loans.intake.reading import read_statement
with open(sys.argv[1], "rb") as content:
    count = sum(not hasattr(record, "series") for record in read_statement(content, "statement.xml"))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def measure(path: Path) -> tuple[int, int]:
    """How many entries a process of its own reads from the file, and its peak memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, path], cwd=settings.BASE_DIR, capture_output=True, check=True, timeout=120
    )
    count, peak = done.stdout.split()
    return int(count), int(peak)


AN_ENTRY = write_entry(ENTRY).encode()
HEAD, FOOT = write_statement([ENTRY]).split(AN_ENTRY)


@pytest.mark.parametrize(
    ("part", "times", "entries", "most"),
    [
        pytest.param(AN_ENTRY, 16_000, 16_001, 8, id="many entries"),
        pytest.param(b"<Bal><a/><b/></Bal>", 600_000, 1, 48, id="a statement full of something else"),
        pytest.param(
            AN_ENTRY.replace(b"</Ntry>", b"<Chrgs/>" * 1_500_000 + b"</Ntry>"),
            1,
            2,
            64,
            id="an entry full of something else",
        ),
        pytest.param(AN_ENTRY.replace(b"<TxDtls>", b"<TxDtls/>" * 30_000 + b"<TxDtls>"), 4, 5, 24, id="large batches"),
    ],
)
def test_the_memory_that_a_statement_takes_does_not_grow_with_it(
    tmp_path: Path, part: bytes, times: int, entries: int, most: int
) -> None:
    small, large = tmp_path / "small.xml", tmp_path / "large.xml"
    small.write_bytes(HEAD + AN_ENTRY + FOOT)
    large.write_bytes(HEAD + part * times + AN_ENTRY + FOOT)
    assert large.stat().st_size > 1_000_000
    (one, little), (count, much) = measure(small), measure(large)
    assert (one, count) == (1, entries)
    assert much - little < most
