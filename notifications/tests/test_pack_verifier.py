"""The verifier in a pack: alone, on any machine, it finds every changed byte."""

from base64 import b64encode
from io import BytesIO
from json import dumps, loads
from typing import Any

import pytest

from notifications.evidence import pack as packing
from notifications.evidence.pack import build_pack
from notifications.evidence.verify import UNOPENED, _hash_of, describe, find_problems, find_unproven, read_files
from notifications.tests.cases import Told
from notifications.tests.events import make_events
from notifications.tests.packs import LATER, NAMES, Files, files_of, read, rewrite

pytestmark = pytest.mark.django_db
PLACES = 60
"""So many bytes of each file are changed, one at a time."""


@pytest.fixture
def files(whole_case: Told) -> Files:
    """Of a case whose events are under two seals."""
    files_of(whole_case)
    make_events(1, borrower_id=whole_case.borrower.pk, installment_id=whole_case.installment.pk)
    return files_of(whole_case)


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


def test_a_providers_message_that_is_not_the_one_an_event_came_of_is_found(files: Files) -> None:
    receipts = read(files, "receipts.json")
    [event] = [one for one in map(loads, files["events.jsonl"].splitlines()) if one["kind"] == "delivered"]
    [message] = [one for one in receipts["callbacks"] if one["id"] == event["data"]["callback"]]
    message["sha256"] = "00" * 32
    named = f"event {event['id']}: message {message['id']} is missing, or not the one that it came of"
    assert named in find_problems(rewrite(files, "receipts.json", receipts))
    receipts["callbacks"].remove(message)
    assert find_problems(rewrite(files, "receipts.json", receipts)) == [named]


def test_bytes_of_a_message_that_do_not_have_its_digest_are_found(files: Files) -> None:
    receipts = read(files, "receipts.json")
    message = receipts["callbacks"][0]
    message["raw"], message["masked"] = b64encode(b"forged").decode(), False
    assert find_problems(rewrite(files, "receipts.json", receipts)) == [
        f"message {message['id']}: its bytes do not have its SHA-256"
    ]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b'{"seals": 1}', b'{"seals": [1], "paths": []}', b"\xff", b"{"]
)
@pytest.mark.parametrize("name", ["seals.json", "manifest.json", "deliveries.json", "events.jsonl"])
def test_whatever_stands_in_a_file_it_says_so_and_does_not_crash(files: Files, name: str, content: bytes) -> None:
    assert find_problems({**files, name: content})


def test_events_too_young_to_be_sealed_are_named(whole_case: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    files_of(whole_case)
    [young] = make_events(1, borrower_id=whole_case.borrower.pk, installment_id=whole_case.installment.pk)
    monkeypatch.setattr(packing, "seal_events", lambda _now: 0)
    files = files_of(whole_case)
    assert find_problems(files) == find_unproven(files) == []
    note = f"note: event {young} is not sealed and proves nothing; a pack that is made later has its seal"
    assert note in list(describe(files))


def test_a_line_behind_the_newest_seal_proves_nothing(files: Files) -> None:
    deliveries = read(files, "deliveries.json")
    [failed] = [one for one in deliveries if one["status"] == "failed"]
    moment = "2026-11-22T04:00:03"
    failed.update(status="delivered", delivered_at=f"{moment}+00:00")
    last = loads(files["events.jsonl"].splitlines()[-1])
    forged = {**last, "id": 10**9, "at_utc": moment, "kind": "delivered", "delivery": failed["id"], "data": {}}
    line = dumps(forged, separators=(",", ":")).encode() + b"\n"
    files = rewrite(files, "events.jsonl", files["events.jsonl"] + line)
    files = rewrite(files, "deliveries.json", deliveries)
    assert find_problems(files) == []
    assert find_unproven(files) == [
        f"delivery {failed['id']}: no seal covers event {10**9}, which says that it was delivered at {moment}+00:00"
    ]


def test_what_is_called_acknowledged_before_its_event_is_sealed_is_not_proven_yet(
    whole_case: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "seal_events", lambda _now: 0)
    files = files_of(whole_case)
    assert find_problems(files) == []
    assert [one.split(":")[0].split()[0] for one in find_unproven(files)] == ["delivery", "acknowledgement"]
    monkeypatch.undo()
    assert find_unproven(files_of(whole_case)) == []


def test_a_claim_that_a_sealed_and_an_unsealed_event_make_is_proven(files: Files) -> None:
    [told] = [one for one in map(loads, files["events.jsonl"].splitlines()) if one["kind"] == "delivered"]
    line = dumps({**told, "id": 10**9}, separators=(",", ":")).encode() + b"\n"
    assert find_unproven(rewrite(files, "events.jsonl", files["events.jsonl"] + line)) == []


def test_a_delivery_that_is_called_delivered_without_a_moment_is_found(files: Files) -> None:
    deliveries = read(files, "deliveries.json")
    [failed] = [one for one in deliveries if one["status"] == "failed"]
    failed["status"] = "delivered"
    assert find_problems(rewrite(files, "deliveries.json", deliveries)) == [
        f"delivery {failed['id']}: is called delivered, and not when"
    ]


def test_a_changed_byte_of_the_zip_changes_nothing_that_it_shows_or_is_found(whole_case: Told) -> None:
    pack = build_pack(whole_case.borrower.pk, installment_id=whole_case.installment.pk, now=LATER)
    sound = read_files(BytesIO(pack))
    for place in range(0, len(pack), 7):
        try:
            files = read_files(BytesIO(pack[:place] + bytes([pack[place] ^ 4]) + pack[place + 1 :]))
        except UNOPENED:
            continue
        assert files == sound or find_problems(files)
