"""What a device says about a notice that it was sent, read as a receipt. It is posted by `static/js/push-worker.js`."""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from notifications.channels.base import ReceiptKind, ReceiptRecord

UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
DEVICE: Final = re.compile(r"device-[0-9]{1,19}")
KINDS: Final = {"yes": ReceiptKind.DELIVERED, "no": ReceiptKind.ACCEPTED}
"""By whether it was shown. What came to the device and was not shown has reached nobody."""
REASONS: Final = {"yes": "shown on the device", "no": "came to the device, which could not show it"}


def parse_report(raw: bytes) -> list[ReceiptRecord]:
    """A form with `shown` (yes, no), `at` (Unix time by the device's clock), `reference`, `device`; of each the last.

    One record, of kind UNKNOWN where it cannot be read. Never raises.
    """
    fields = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    shown, reference, device = (fields.get(name, "") for name in ("shown", "reference", "device"))
    known = UUID.fullmatch(reference) is not None
    return [
        ReceiptRecord(
            reference=reference if known else "",
            kind=KINDS.get(shown, ReceiptKind.UNKNOWN) if known else ReceiptKind.UNKNOWN,
            provider_reference=device if DEVICE.fullmatch(device) else "",
            provider_word=f"shown={shown}" if shown in KINDS else "?",
            reason=REASONS.get(shown, "does not say whether it was shown") if known else "carries no reference of ours",
            occurred_at=_read_epoch(fields.get("at", "")),
        )
    ]


def _read_epoch(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.isascii() and text.isdigit() else None
    except (ValueError, OverflowError, OSError):
        return None
