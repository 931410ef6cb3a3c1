"""Whoever may write into a partner's folder may write at any moment: what is kept, signed and applied is one."""

import os
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from loans.intake import reports
from loans.models import Report, StatementLine
from loans.tasks import take_files
from loans.tests.camt_files import write_statement
from loans.tests.factories import make_bank
from loans.tests.import_runs import run
from loans.tests.test_detached_signatures import make_key
from loans.tests.test_statement_reading import ENTRY

pytestmark = pytest.mark.django_db
BEYOND_A_BUFFER = b"\n" * 500_000
GENUINE = write_statement([ENTRY]) + BEYOND_A_BUFFER
FORGED = GENUINE.replace(b"510.25", b"999.25")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of Harbour Bank's in its folder, with the bank's signature beside it."""
    secret = make_key(make_bank())
    path = tmp_path / "harbour" / "053.xml"
    path.parent.mkdir()
    path.write_bytes(GENUINE)
    path.with_name("053.xml.sig").write_bytes(secret.sign(GENUINE))
    rest(path)
    return path


@pytest.fixture(params=["keep", "signer"])
def _overwritten(request: pytest.FixtureRequest, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes over the file, in place, as soon as this step of its intake has been taken."""
    step: Callable[..., Any] = getattr(reports, request.param)

    def take_step(*arguments: Any) -> Any:
        taken = step(*arguments)
        with path.open("r+b") as file:
            file.write(FORGED)
        return taken

    monkeypatch.setattr(reports, request.param, take_step)


def rest(path: Path) -> None:
    """Nobody has written to it for a while."""
    os.utime(path, (time.time() - 60,) * 2)


def booked() -> list[Decimal]:
    return list(StatementLine.objects.values_list("amount", flat=True))


@pytest.mark.usefixtures("_overwritten")
def test_the_sweep_applies_the_bytes_that_it_kept_and_found_signed(path: Path, settings: Settings) -> None:
    settings.INBOX_FOLDER = str(path.parent.parent)
    take_files()
    report = Report.objects.get()
    assert b"".join(report.raw()) == GENUINE
    assert report.signed_by is not None
    assert booked() == [ENTRY.amount]
    rest(path)
    take_files()
    forged = Report.objects.exclude(pk=report.pk).get()
    assert (forged.status, booked()) == (Report.Status.REFUSED, [ENTRY.amount])


@pytest.mark.usefixtures("_overwritten")
def test_the_command_applies_and_prints_the_bytes_that_it_kept_and_found_signed(path: Path) -> None:
    ran = run("import_statement", path, "--json")
    assert (ran.code, ran.records) == (0, [ENTRY.as_json()])
    assert b"".join(Report.objects.get().raw()) == GENUINE
    assert booked() == [ENTRY.amount]
