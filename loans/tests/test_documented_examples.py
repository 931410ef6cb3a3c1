"""The examples that partners copy from docs/files.md are taken in as they stand."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from loans.tests.import_runs import run


def example(language: str) -> str:
    page = (settings.BASE_DIR / "docs" / "files.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.mark.parametrize("language", ["json", "csv"])
def test_the_examples_of_loans_say_the_same(tmp_path: Path, language: str) -> None:
    path = tmp_path / "loans"
    path.write_text(example(language), encoding="utf-8")
    ran = run("import_loans", path, "--dry-run", "--json")
    assert (ran.code, ran.err) == (0, "")
    (loan,) = ran.records
    assert (loan["external_id"], loan["principal"]) == ("LN-17", "1000.00")
    assert [(item["total"], item["outstanding"], item["settled_on"]) for item in loan["installments"]] == [
        ("510.25", "0.00", "2026-12-04"),
        ("510.25", "510.25", None),
    ]


@pytest.mark.parametrize("language", ["xml", "text"])
def test_the_example_of_a_statement_is_read(tmp_path: Path, language: str) -> None:
    path = tmp_path / "statement"
    path.write_text(example(language), encoding="utf-8")
    ran = run("import_statement", path, "--dry-run", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert [record["transactions"][0]["end_to_end_id"] for record in ran.records] == ["LN-17-1"]
