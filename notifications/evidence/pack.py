"""An evidence pack: a zip that shows what a borrower was told, and that can be checked offline."""

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.utils import translation

from notifications.evidence.canonical import read_events
from notifications.evidence.case import Case, read_case
from notifications.evidence.firm_records import firm_records
from notifications.evidence.inclusion import Inclusion, paths_of
from notifications.evidence.readme import write_readme
from notifications.evidence.records import (
    acknowledgement_records,
    case_record,
    moment,
    payment_records,
    position_records,
)
from notifications.evidence.sealing import seal_events
from notifications.evidence.told_records import delivery_records, receipt_records
from notifications.evidence.verify import MANIFEST, write_json
from notifications.models import Seal

VERIFIER: Final = Path(__file__).with_name("verify.py")


def build_pack(
    borrower_id: int, *, installment_id: int | None = None, dispute_id: int | None = None, now: datetime
) -> bytes:
    """The zip about one installment or one dispute of this borrower; what has happened by `now` is sealed first.

    The README is in the borrower's language. Raises NothingToPackError, and ValueError unless exactly one is named.
    """
    case = read_case(borrower_id, installment_id=installment_id, dispute_id=dispute_id)
    seal_events(now)
    return _zip(_files(case, now), now)


def _files(case: Case, now: datetime) -> dict[str, bytes]:
    rows = read_events([event.pk for event in case.events])
    with translation.override(case.borrower.locale):
        readme = write_readme(case, now)
    files = {
        "README.txt": readme.encode(),
        "events.jsonl": b"".join(line.encode() + b"\n" for _id, line in rows),
        "seals.json": write_json(_seals([event_id for event_id, _line in rows])),
        "case.json": write_json(case_record(case, now)),
        "deliveries.json": write_json(delivery_records(case)),
        "receipts.json": write_json(receipt_records(case)),
        "firms.json": write_json(firm_records(case)),
        "acknowledgements.json": write_json(acknowledgement_records(case)),
        "positions.json": write_json(position_records(case)),
        "payments.json": write_json(payment_records(case)),
        "verify.py": VERIFIER.read_bytes(),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {**files, MANIFEST: write_json({"files": digests})}


def _seals(event_ids: Collection[int]) -> dict[str, Any]:
    """The paths of these events, and the chain from the first seal that they need up to the newest of all, so that
    whoever noted any later one can find it here.
    """
    paths = paths_of(event_ids)
    first = min((path.seal.last_id for path in paths.values()), default=None)
    chain = Seal.objects.from_event(first) if first is not None else Seal.objects.none()
    return {"seals": [_seal(seal) for seal in chain.iterator()], "paths": [_path(path) for path in paths.values()]}


def _seal(seal: Seal) -> dict[str, Any]:
    hashes = {name: bytes(getattr(seal, name)).hex() for name in ("root", "previous", "hash")}
    range_ = {"first_id": seal.first_id, "last_id": seal.last_id, "count": seal.count}
    return {"id": seal.pk, **range_, **hashes, "sealed_at": moment(seal.sealed_at)}


def _path(found: Inclusion) -> dict[str, Any]:
    steps = [step.hex() for step in found.path]
    return {"event": found.event_id, "seal": found.seal.pk, "index": found.index, "path": steps}


def _zip(files: dict[str, bytes], now: datetime) -> bytes:
    written = now.astimezone(UTC)
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as pack:
        for name, content in files.items():
            entry = ZipInfo(name, written.timetuple()[:6])
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            pack.writestr(entry, content)
    return target.getvalue()
