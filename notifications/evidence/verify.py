#!/usr/bin/env python3
"""Check an evidence pack with nothing but Python's standard library (3.9 or newer); no network, no database.

    python3 verify.py             checks the folder that it lies in
    python3 verify.py PACK.zip    checks a pack that is not unpacked

It prints OK and ends with 0, or says what is wrong and ends with 1. Where nothing is wrong, but something is called
delivered or acknowledged by an event that no seal covers, it says NOT PROVEN and ends with 2. What it recomputes:

1. manifest.json holds the SHA-256 of every other file.
2. Each line of events.jsonl is the leaf SHA-256(0x00 + line) of a Merkle tree (RFC 6962), and seals.json has the path
   from it to the root in its seal; a node is SHA-256(0x01 + left + right).
3. The hash of a seal is SHA-256(0x02 + previous hash + first id, last id, count, each as 8 bytes, big-endian + root +
   microseconds since 1970-01-01 UTC at which it was sealed, 8 bytes), and each seal names the one before it.
4. What deliveries.json calls delivered and acknowledgements.json acknowledged is an event of the same moment, which a
   seal covers.
5. An event that came of a provider's message names the SHA-256 of its bytes: receipts.json has that message with that
   digest, and where its bytes are there unmasked, they have it.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

GENESIS = bytes(32)
"""What the first seal of all has for the hash of the one before it."""
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - datetime.UTC came with Python 3.11
MANIFEST = "manifest.json"
TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, struct.error)
"""What reading a file that was tampered with may raise."""
UNOPENED = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error)
"""The same of a zip: one of another kind, encrypted, cut short."""


def hash_leaf(line: bytes) -> bytes:
    """The leaf of one event, given by its line without the line's end."""
    return sha256(b"\x00" + line).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def hash_seal(previous: bytes, first_id: int, last_id: int, count: int, root: bytes, sealed_at: datetime) -> bytes:
    """The hash of a seal; `previous` is that of the seal before it, `sealed_at` is aware."""
    numbers = struct.pack(">qqq", first_id, last_id, count)
    moment = struct.pack(">q", (sealed_at - EPOCH) // timedelta(microseconds=1))
    return sha256(b"\x02" + previous + numbers + root + moment).digest()


def climb(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root above the leaf at `index` of `count` (RFC 9162, 2.1.3.2); None where the path is of another tree."""
    if not 0 <= index < count:
        return None
    here, last, found = index, count - 1, leaf
    for other in path:
        if last == 0:
            return None
        if here % 2 or here == last:
            found = hash_node(other, found)
            while here and not here % 2:
                here, last = here // 2, last // 2
        else:
            found = hash_node(found, other)
        here, last = here // 2, last // 2
    return found if last == 0 else None


def find_problems(files: dict[str, bytes]) -> list[str]:
    """What is wrong with a pack, given its files by name; an empty list where nothing is."""
    problems = list(_guarded("manifest.json", _check_manifest, files))
    problems += _guarded("seals.json", _check_chain, files)
    problems += _guarded("events.jsonl or seals.json", _check_events, files)
    problems += list(_guarded("deliveries.json or acknowledgements.json", _check_claims, files))
    return problems + list(_guarded("receipts.json", _check_messages, files))


def _guarded(name: str, check: Any, files: dict[str, bytes]) -> Iterator[str]:
    try:
        yield from check(files)
    except UNREADABLE as error:
        yield f"{name} cannot be read: {type(error).__name__} {error}"


def _check_manifest(files: dict[str, bytes]) -> Iterator[str]:
    manifest = json.loads(files[MANIFEST])
    if write_json(manifest) != files[MANIFEST]:
        yield "manifest.json is not written as it was made"
    for name, digest in manifest["files"].items():
        if name not in files:
            yield f"{name} is missing"
        elif sha256(files[name]).hexdigest() != digest:
            yield f"{name} is not the file that was packed"


def _check_chain(files: dict[str, bytes]) -> Iterator[str]:
    before: dict[str, Any] | None = None
    for seal in json.loads(files["seals.json"])["seals"]:
        if _hash_of(seal) != bytes.fromhex(seal["hash"]):
            yield f"seal {seal['id']}: its hash is not that of what it says"
        if before and (seal["previous"], seal["first_id"]) != (before["hash"], before["last_id"] + 1):
            yield f"seal {seal['id']}: does not follow seal {before['id']}"
        before = seal


def _hash_of(seal: dict[str, Any]) -> bytes:
    return hash_seal(
        bytes.fromhex(seal["previous"]),
        seal["first_id"],
        seal["last_id"],
        seal["count"],
        bytes.fromhex(seal["root"]),
        datetime.fromisoformat(seal["sealed_at"]),
    )


def _check_events(files: dict[str, bytes]) -> Iterator[str]:
    sealed = json.loads(files["seals.json"])
    seals = {seal["id"]: seal for seal in sealed["seals"]}
    paths = {path["event"]: path for path in sealed["paths"]}
    newest = max((seal["last_id"] for seal in sealed["seals"]), default=0)
    for event_id, line in _lines(files):
        path = paths.pop(event_id, None)
        if path is None:
            if event_id <= newest:
                yield f"event {event_id}: has no path to a seal"
            continue
        seal = seals[path["seal"]]
        steps = [bytes.fromhex(step) for step in path["path"]]
        root = climb(hash_leaf(line), path["index"], seal["count"], steps)
        if root != bytes.fromhex(seal["root"]) or not seal["first_id"] <= event_id <= seal["last_id"]:
            yield f"event {event_id}: is not what seal {seal['id']} sealed"
    for event_id in paths:
        yield f"event {event_id}: has a path, but no line"


def _lines(files: dict[str, bytes]) -> Iterator[tuple[int, bytes]]:
    for line in files["events.jsonl"].split(b"\n")[:-1]:
        yield int(json.loads(line)["id"]), line


def _check_claims(files: dict[str, bytes]) -> Iterator[str]:
    told = _told(files)
    for delivery in json.loads(files["deliveries.json"]):
        if delivery["status"] == "delivered" and not delivery["delivered_at"]:
            yield f"delivery {delivery['id']}: is called delivered, and not when"
    for who, claim, words in _claims(files):
        if claim not in told:
            yield f"{who}: no event says {words}"


def find_unproven(files: dict[str, bytes]) -> list[str]:
    """What a pack without problems calls delivered or acknowledged by an event that no seal covers: whoever made the
    pack may have written it, or the pack was made before the event was sealed.
    """
    sealed = {path["event"] for path in json.loads(files["seals.json"])["paths"]}
    told = _told(files)
    return [
        f"{who}: no seal covers event {min(told[claim])}, which says {words}"
        for who, claim, words in _claims(files)
        if not told[claim] & sealed
    ]


def _claims(files: dict[str, bytes]) -> Iterator[tuple[str, tuple[str, int, str], str]]:
    """What is claimed of whom, as the event that has to say so, and in words."""
    for delivery in json.loads(files["deliveries.json"]):
        if moment := delivery["delivered_at"]:
            claim = ("delivered", delivery["id"], _naive(moment))
            yield f"delivery {delivery['id']}", claim, f"that it was delivered at {moment}"
    for known in json.loads(files["acknowledgements.json"]):
        moment = known["acknowledged_at"]
        yield f"acknowledgement {known['id']}", ("acknowledged", known["prompt"], _naive(moment)), f"so at {moment}"


def _told(files: dict[str, bytes]) -> dict[tuple[str, int, str], set[int]]:
    """The ids of the events by what each says: of a delivery that it was delivered, of a prompt that it is known."""
    told: dict[tuple[str, int, str], set[int]] = {}
    for event_id, line in _lines(files):
        event = json.loads(line)
        about = event["delivery"] if event["kind"] == "delivered" else event["prompt"]
        told.setdefault((event["kind"], about, event["at_utc"]), set()).add(event_id)
    return told


def _check_messages(files: dict[str, bytes]) -> Iterator[str]:
    messages = {one["id"]: one for one in json.loads(files["receipts.json"])["callbacks"]}
    for message in messages.values():
        whole = message["raw"] is not None and not message["masked"]
        if whole and sha256(base64.b64decode(message["raw"])).hexdigest() != message["sha256"]:
            yield f"message {message['id']}: its bytes do not have its SHA-256"
    packed = {delivery["id"] for delivery in json.loads(files["deliveries.json"])}
    for event_id, line in _lines(files):
        event = json.loads(line)
        if "sha256" not in event["data"] or event["delivery"] not in packed:
            continue
        named = event["data"]["callback"]
        if named not in messages or messages[named]["sha256"] != event["data"]["sha256"]:
            yield f"event {event_id}: message {named} is missing, or not the one that it came of"


def _naive(moment: str) -> str:
    """As events write it: UTC without saying so, and no zeros behind the last digit of a second."""
    text = datetime.fromisoformat(moment).replace(tzinfo=None).isoformat()
    return text.rstrip("0") if "." in text else text


def write_json(value: Any) -> bytes:
    """The one way in which a pack writes JSON: readable, but for what would turn the line of whoever reads it."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode() + b"\n"


def read_files(place: Path | BinaryIO) -> dict[str, bytes]:
    """The files of a pack, a folder or a zip, by name. Raises one of UNOPENED."""
    if isinstance(place, Path) and place.is_dir():
        return {path.name: path.read_bytes() for path in sorted(place.iterdir()) if path.is_file()}
    with zipfile.ZipFile(place) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def describe(files: dict[str, bytes]) -> Iterator[str]:
    """What a sound pack shows, and what it leaves open."""
    sealed = json.loads(files["seals.json"])
    ids = [event_id for event_id, _line in _lines(files)]
    young = sorted(set(ids) - {path["event"] for path in sealed["paths"]})
    yield f"{len(ids) - len(young)} of {len(ids)} events are sealed, and are what was sealed."
    if sealed["seals"]:
        head = sealed["seals"][-1]
        yield f"The newest seal here is {head['id']} of {head['sealed_at']}: {head['hash']}"
        yield "Compare it with what anybody else noted of that seal."
    for event_id in young:
        yield f"note: event {event_id} is not sealed and proves nothing; a pack that is made later has its seal"
    for name in sorted(set(files) - set(json.loads(files[MANIFEST])["files"]) - {MANIFEST}):
        yield f"note: {name} is no part of the pack"


def main(arguments: Sequence[str]) -> int:
    place = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        files = read_files(place)
        problems = find_problems(files)
    except UNOPENED as error:
        problems = [f"{place.name} cannot be read: {error}"]
    if problems:
        sys.stdout.write("".join(f"WRONG: {problem}\n" for problem in problems))
        sys.stdout.write(f"NOT OK: {len(problems)} found.\n")
        return 1
    unproven = find_unproven(files)
    verdict = f"NOT ALL PROVEN: {len(unproven)} found. " if unproven else "OK: "
    sys.stdout.write("".join(f"NOT PROVEN: {one}\n" for one in unproven))
    sys.stdout.write(verdict + "".join(f"{line}\n" for line in describe(files)))
    return 2 if unproven else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
