"""The verifier as somebody runs it who has a pack and Python, and nothing else."""

import ast
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from notifications.evidence import pack as packing
from notifications.evidence.pack import VERIFIER, build_pack
from notifications.tests.cases import Told
from notifications.tests.packs import LATER, NAMES, files_of, read

pytestmark = pytest.mark.django_db


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(VERIFIER.read_text(), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {name for node in imports for name in _modules(node)}
    assert names <= sys.stdlib_module_names
    assert "hashlib" in names


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return [alias.name.partition(".")[0] for alias in node.names]


def run(*arguments: str | Path, cwd: Path) -> tuple[int, str]:
    """The verifier in a process of its own that sees no installed package."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_unpacked_it_checks_its_own_folder_and_packed_the_zip(whole_case: Told, tmp_path: Path) -> None:
    target, folder = tmp_path / "whole_case.zip", tmp_path / "case"
    target.write_bytes(build_pack(whole_case.borrower.pk, installment_id=whole_case.installment.pk, now=LATER))
    with ZipFile(target) as pack:
        pack.extractall(folder)
    newest = read(files_of(whole_case), "seals.json")["seals"][-1]
    said = (
        "OK: 7 of 7 events are sealed, and are what was sealed.\n"
        f"The newest seal here is {newest['id']} of 2026-11-22T04:01:00+00:00: {newest['hash']}\n"
        "Compare it with what anybody else noted of that seal.\n"
    )
    assert run("verify.py", cwd=folder) == (0, said)
    assert run(folder / "verify.py", target, cwd=tmp_path) == (0, said)
    (folder / "more.txt").write_text("smuggled in")
    assert run("verify.py", cwd=folder) == (0, said + "note: more.txt is no part of the pack\n")


def test_a_claim_that_no_seal_covers_ends_it_with_2(
    whole_case: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "seal_events", lambda _now: 0)
    for name, content in files_of(whole_case).items():
        (tmp_path / name).write_bytes(content)
    code, out = run("verify.py", cwd=tmp_path)
    lines = out.splitlines()
    assert code == 2
    assert [line.split(":")[0] for line in lines[:2]] == ["NOT PROVEN"] * 2
    assert lines[2] == "NOT ALL PROVEN: 2 found. 0 of 7 events are sealed, and are what was sealed."


@pytest.mark.parametrize("name", NAMES)
def test_run_alone_it_ends_with_1_after_one_changed_byte(whole_case: Told, tmp_path: Path, name: str) -> None:
    for other, content in files_of(whole_case).items():
        (tmp_path / other).write_bytes(content)
    changed = bytearray((tmp_path / name).read_bytes())
    changed[min(60, len(changed) - 1)] ^= 1
    (tmp_path / name).write_bytes(changed)
    code, out = run("verify.py", cwd=tmp_path)
    assert code == 1
    assert out.startswith("WRONG: ")
    assert out.endswith(" found.\n")


def test_what_is_no_pack_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK nothing")
    assert run(VERIFIER, "x.zip", cwd=tmp_path) == (
        1,
        "WRONG: x.zip cannot be read: File is not a zip file\nNOT OK: 1 found.\n",
    )
    code, out = run(VERIFIER, "nothing.zip", cwd=tmp_path)
    assert code == 1
    assert "No such file" in out
