"""manage.py evidence_pack."""

import json
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from notifications.evidence import pack as packing
from notifications.evidence.verify import find_problems, read_files
from notifications.tests.cases import Told, dispute
from notifications.tests.events import tamper
from notifications.tests.packs import files_of

pytestmark = pytest.mark.django_db


def test_the_command_writes_a_pack_that_verifies(case: Told, tmp_path: Path) -> None:
    target, out = tmp_path / "case.zip", StringIO()
    call_command("evidence_pack", "--installment", str(case.installment.pk), "-o", str(target), stdout=out)
    assert out.getvalue() == f"{target}: {target.stat().st_size:,} bytes\n"
    with ZipFile(target) as pack:
        assert find_problems({name: pack.read(name) for name in pack.namelist()}) == []
    number = dispute(case).receipt_number
    call_command("evidence_pack", "--dispute", number, "-o", str(target), stdout=out)
    with ZipFile(target) as pack:
        assert json.loads(pack.read("case.json"))["disputes"][0]["number"] == number


def test_a_receipt_number_is_understood_however_it_was_typed(case: Told, tmp_path: Path) -> None:
    target, number = tmp_path / "case.zip", dispute(case).receipt_number
    call_command("evidence_pack", "--dispute", number.lower().replace("-", " "), "-o", str(target), stdout=StringIO())
    with ZipFile(target) as pack:
        assert json.loads(pack.read("case.json"))["disputes"][0]["number"] == number


def test_the_command_writes_to_standard_output(case: Told, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    call_command("evidence_pack", "--installment", str(case.installment.pk), "-o", "-")
    assert find_problems(read_files(BytesIO(capsysbinary.readouterr().out))) == []


def test_the_command_says_what_it_could_not_do(case: Told, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no installment 999999"):
        call_command("evidence_pack", "--installment", "999999", "-o", str(tmp_path / "x"))
    with pytest.raises(CommandError, match="no dispute D-0"):
        call_command("evidence_pack", "--dispute", "D-0", "-o", str(tmp_path / "x"))
    with pytest.raises(CommandError, match="cannot be written: Is a directory"):
        call_command("evidence_pack", "--installment", str(case.installment.pk), "-o", str(tmp_path))


def test_the_command_says_when_its_pack_does_not_verify(case: Told, tmp_path: Path) -> None:
    files_of(case)
    tamper("UPDATE notifications_noticeevent SET kind = 'seen' WHERE kind = 'failed'")
    err = StringIO()
    with pytest.raises(SystemExit, match="2"):
        call_command(
            *("evidence_pack", "--installment", str(case.installment.pk), "-o", str(tmp_path / "x")),
            stdout=StringIO(),
            stderr=err,
        )
    assert "is not what seal" in err.getvalue()
    assert "run manage.py verify_evidence" in err.getvalue()


def test_the_command_says_when_its_pack_is_not_all_sealed_yet(
    case: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "seal_events", lambda _now: 0)
    err = StringIO()
    with pytest.raises(SystemExit, match="2"):
        call_command(
            *("evidence_pack", "--installment", str(case.installment.pk), "-o", str(tmp_path / "x")),
            stdout=StringIO(),
            stderr=err,
        )
    assert f"delivery {case.sms.pk}: no seal covers event" in err.getvalue()
    assert "make it again in a minute" in err.getvalue()
