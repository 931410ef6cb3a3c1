"""The verifier in a pack: alone, on any machine, it finds every changed byte."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from notifications.evidence import pack as packing
from notifications.evidence.pack import VERIFIER, build_pack
from notifications.evidence.verify import describe, find_problems
from notifications.tests.cases import Told, dispute, make_case, pay
from notifications.tests.events import make_events
from notifications.tests.packs import LATER, Files, files_of, read, rewrite

pytestmark = pytest.mark.django_db
NAMES = [
    *("README.txt", "events.jsonl", "seals.json", "case.json", "deliveries.json", "receipts.json"),
    *("acknowledgements.json", "positions.json", "payments.json", "verify.py", "manifest.json"),
]
PLACES = 60
"""So many bytes of each file are changed, one at a time."""


@pytest.fixture
def case() -> Told:
    made = make_case()
    pay(made)
    dispute(made)
    return made


@pytest.fixture
def files(case: Told) -> Files:
    """Of a case whose events are under two seals."""
    files_of(case)
    make_events(1, borrower_id=case.borrower.pk, installment_id=case.installment.pk)
    return files_of(case)


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(VERIFIER.read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {name for node in imports for name in _modules(node)}
    assert names <= sys.stdlib_module_names
    assert "hashlib" in names


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return [alias.name.partition(".")[0] for alias in node.names]


@pytest.mark.parametrize("name", NAMES)
def test_any_changed_byte_is_found(files: Files, name: str) -> None:
    content = files[name]
    for place in {*range(0, len(content), max(1, len(content) // PLACES)), len(content) - 1}:
        for bit in (1, 0x20):
            changed = content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
            assert find_problems({**files, name: changed}), f"{name}, byte {place}"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"manifest.json"}))
def test_a_file_that_is_missing_or_cut_short_is_found(files: Files, name: str) -> None:
    without = {other: content for other, content in files.items() if other != name}
    assert f"{name} is missing" in find_problems(without)
    assert f"{name} is not the file that was packed" in find_problems({**files, name: files[name][:-1]})


def test_without_a_manifest_nothing_is_sound(files: Files) -> None:
    assert find_problems({name: content for name, content in files.items() if name != "manifest.json"})
    assert find_problems({})


def test_a_changed_event_is_found_although_the_manifest_fits(files: Files) -> None:
    forged = rewrite(files, "events.jsonl", files["events.jsonl"].replace(b'"delivered"', b'"failed"'))
    problems = find_problems(forged)
    assert any("is not what seal" in problem for problem in problems)
    assert any("no event says that it was delivered" in problem for problem in problems)


def test_an_event_that_is_left_out_or_has_lost_its_path_is_found(files: Files) -> None:
    lines = files["events.jsonl"].splitlines(keepends=True)
    assert any("has a path, but no line" in one for one in find_problems(rewrite(files, "events.jsonl", lines[0])))
    seals = read(files, "seals.json")
    lost = seals["paths"].pop(0)["event"]
    assert find_problems(rewrite(files, "seals.json", seals)) == [f"event {lost}: has no path to a seal"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", 99), ("root", "00" * 32), ("previous", "11" * 32), ("sealed_at", "2020-01-01T00:00:00+00:00")],
)
def test_a_changed_seal_is_found_although_the_manifest_fits(files: Files, field: str, value: Any) -> None:
    seals = read(files, "seals.json")
    seals["seals"][0][field] = value
    problems = find_problems(rewrite(files, "seals.json", seals))
    assert f"seal {seals['seals'][0]['id']}: its hash is not that of what it says" in problems


def test_a_seal_made_anew_is_not_the_one_that_the_next_seal_follows(files: Files) -> None:
    from notifications.evidence.verify import _hash_of

    seals = read(files, "seals.json")
    first, second = seals["seals"]
    first["root"] = "00" * 32
    first["hash"] = _hash_of(first).hex()
    assert f"seal {second['id']}: does not follow seal {first['id']}" in find_problems(
        rewrite(files, "seals.json", seals)
    )


def test_a_delivery_and_an_acknowledgement_that_no_event_tells_are_found(files: Files) -> None:
    deliveries = read(files, "deliveries.json")
    [failed] = [one for one in deliveries if one["status"] == "failed"]
    failed["delivered_at"] = "2026-11-22T04:00:03+00:00"
    assert find_problems(rewrite(files, "deliveries.json", deliveries)) == [
        f"delivery {failed['id']}: no event says that it was delivered at 2026-11-22T04:00:03+00:00"
    ]
    known = read(files, "acknowledgements.json")
    known[0]["acknowledged_at"] = "2026-11-21T04:00:09+00:00"
    [problem] = find_problems(rewrite(files, "acknowledgements.json", known))
    assert "no event says so at 2026-11-21" in problem


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b'{"seals": 1}', b'{"seals": [1], "paths": []}', b"\xff", b"{"]
)
@pytest.mark.parametrize("name", ["seals.json", "manifest.json", "deliveries.json", "events.jsonl"])
def test_whatever_stands_in_a_file_it_says_so_and_does_not_crash(files: Files, name: str, content: bytes) -> None:
    assert find_problems({**files, name: content})


def test_events_too_young_to_be_sealed_are_named(case: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    files_of(case)
    [young] = make_events(1, borrower_id=case.borrower.pk, installment_id=case.installment.pk)
    monkeypatch.setattr(packing, "seal_events", lambda _now: 0)
    files = files_of(case)
    assert find_problems(files) == []
    assert f"note: event {young} was too young to be sealed when the pack was made" in list(describe(files))


def run(*arguments: str | Path, cwd: Path) -> tuple[int, str]:
    """The verifier in a process of its own that sees no installed package."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_unpacked_it_checks_its_own_folder_and_packed_the_zip(case: Told, tmp_path: Path) -> None:
    target, folder = tmp_path / "case.zip", tmp_path / "case"
    target.write_bytes(build_pack(case.borrower.pk, installment_id=case.installment.pk, now=LATER))
    with ZipFile(target) as pack:
        pack.extractall(folder)
    newest = read(files_of(case), "seals.json")["seals"][-1]
    said = (
        "OK: 7 of 7 events are sealed, and are what was sealed.\n"
        f"The newest seal here is {newest['id']} of 2026-11-22T04:01:00+00:00: {newest['hash']}\n"
        "Compare it with what anybody else noted of that seal.\n"
    )
    assert run("verify.py", cwd=folder) == (0, said)
    assert run(folder / "verify.py", target, cwd=tmp_path) == (0, said)
    (folder / "more.txt").write_text("smuggled in")
    assert run("verify.py", cwd=folder) == (0, said + "note: more.txt is no part of the pack\n")


@pytest.mark.parametrize("name", NAMES)
def test_run_alone_it_ends_with_1_after_one_changed_byte(case: Told, tmp_path: Path, name: str) -> None:
    for other, content in files_of(case).items():
        (tmp_path / other).write_bytes(content)
    changed = bytearray((tmp_path / name).read_bytes())
    changed[60] ^= 1
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
