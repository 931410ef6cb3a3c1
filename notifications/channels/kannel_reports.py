"""Kannel's delivery callbacks, read as receipts. The address they come to is made in `kannel`."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from notifications.channels.base import ReceiptKind, ReceiptRecord, as_said

KINDS = {
    "1": ReceiptKind.DELIVERED,
    "2": ReceiptKind.FAILED,
    "4": ReceiptKind.DELAYED,
    "8": ReceiptKind.ACCEPTED,
    "16": ReceiptKind.FAILED,
}
MEANINGS = {
    "1": "delivered to the phone",
    "2": "not delivered to the phone",
    "4": "queued at the message centre",
    "8": "taken by the message centre",
    "16": "refused by the message centre",
}

# The message centre's answer may quote the wording (SMPP's `text:`), so only these codes are taken out of it.
ANSWER_CODES = re.compile(r"\bN?ACK/(?:0x[0-9A-Fa-f]{1,8})?|\bstat:[A-Z]{1,12}\b|\berr:[0-9A-Za-z]{1,6}\b")
DEAD_NUMBER = re.compile(r"NACK/0x0*b\b", re.IGNORECASE)
"""SMPP's ESME_RINVDSTADR: no such destination."""

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
PROVIDER_REFERENCE = re.compile(r"[0-9A-Za-z._-]{1,80}")


def parse_dlr(query: Mapping[str, str]) -> ReceiptRecord:
    """The callback's query parameters as one receipt; of kind UNKNOWN where it cannot be read. Never raises."""
    report_type = query.get("type", "").strip()
    reference = query.get("reference", "").strip().lower()
    known = UUID.fullmatch(reference) is not None
    codes = " ".join(ANSWER_CODES.findall(query.get("answer", "")))
    kind = KINDS.get(report_type, ReceiptKind.UNKNOWN) if known else ReceiptKind.UNKNOWN
    meaning = MEANINGS.get(report_type, "no type that we know") if known else "carries no reference of ours"
    return ReceiptRecord(
        reference=reference if known else "",
        kind=kind,
        provider_reference=_keep(PROVIDER_REFERENCE, query.get("smsc_reference", "")),
        permanent=_blames_number(report_type, codes) if kind is ReceiptKind.FAILED else None,
        provider_word=f"{as_said(report_type)} {codes}".strip(),
        reason=meaning,
        occurred_at=_read_epoch(query.get("time", "")),
    )


def _blames_number(report_type: str, codes: str) -> bool | None:
    """A phone that was off for too long is reported like one that is gone, so a failure alone says nothing."""
    return True if report_type == "16" and DEAD_NUMBER.search(codes) else None


def _keep(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _read_epoch(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.isascii() and text.isdigit() else None
    except (ValueError, OverflowError, OSError):
        return None
