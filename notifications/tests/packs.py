"""Evidence packs, taken apart for tests."""

import json
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any

from notifications.evidence.pack import build_pack
from notifications.evidence.verify import MANIFEST, read_files, write_json
from notifications.tests.cases import Told
from notifications.tests.factories import NOON

LATER = NOON + timedelta(minutes=1)
Files = dict[str, bytes]
NAMES = [
    *("README.txt", "events.jsonl", "seals.json", "case.json", "deliveries.json", "receipts.json", "firms.json"),
    *("acknowledgements.json", "positions.json", "payments.json", "verify.py", "manifest.json"),
]


def files_of(case: Told, **about: int) -> Files:
    """The files of the pack about the case's installment, or what `about` names."""
    pack = build_pack(case.borrower.pk, **(about or {"installment_id": case.installment.pk}), now=LATER)
    return read_files(BytesIO(pack))


def read(files: Files, name: str) -> Any:
    return json.loads(files[name])


def rewrite(files: Files, name: str, value: Any) -> Files:
    """With another content of one file and a manifest that fits it: the work of a forger."""
    content = value if isinstance(value, bytes) else write_json(value)
    manifest = read(files, MANIFEST)
    manifest["files"][name] = sha256(content).hexdigest()
    return {**files, name: content, MANIFEST: write_json(manifest)}
