"""Twilio's status callbacks for text messages, read as receipts. The address they come to is made in `twilio`.

A callback is kept as its query (it holds our reference) and its form; see `raw_request`.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from notifications.channels.base import ReceiptKind, ReceiptRecord, as_said
from notifications.channels.raw_request import split

KINDS = {
    "accepted": ReceiptKind.DELAYED,
    "scheduled": ReceiptKind.DELAYED,
    "queued": ReceiptKind.DELAYED,
    "sending": ReceiptKind.DELAYED,
    "sent": ReceiptKind.ACCEPTED,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.SEEN,
    "undelivered": ReceiptKind.FAILED,
    "failed": ReceiptKind.FAILED,
    "canceled": ReceiptKind.FAILED,
}
MEANINGS = {
    "accepted": "waiting at the provider",
    "scheduled": "waiting at the provider",
    "queued": "waiting at the provider",
    "sending": "being handed to the carrier",
    "sent": "taken by the carrier",
    "delivered": "delivered to the phone",
    "read": "opened on the phone",
    "undelivered": "not delivered to the phone",
    "failed": "not sent",
    "canceled": "taken back before it was sent",
}

CODES: Final[dict[str, tuple[bool | None, str]]] = {
    "21610": (False, "the reader has told this sender to stop"),
    "30001": (False, "the provider's queue was full"),
    "30002": (False, "our account is suspended"),
    "30003": (False, "phone is off or out of reach"),
    "30004": (None, "blocked on the way to the phone"),
    "30005": (True, "unknown number"),
    "30006": (False, "a landline, or a network that cannot be reached"),
    "30007": (False, "filtered by the carrier"),
    "30008": (None, "unknown fault"),
    "30010": (False, "dearer than we allow"),
    "30034": (False, "our sender is not registered with the carrier"),
    "30036": (False, "too late: its time was over"),
    "30410": (False, "the carrier did not answer in time"),
}
"""Whether the number will never work (None: Twilio does not say), and what happened."""
OPTED_OUT: Final = "21610"

REQUIRED: Final = frozenset({"MessageSid", "MessageStatus"})
"""Without these a form is no status callback."""

MOST_FIELDS: Final = 100
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
CODE = re.compile(r"[0-9]{5,6}")


def parse_status(raw: bytes) -> list[ReceiptRecord]:
    """The callback as one receipt; of kind UNKNOWN where it cannot be read. Never raises."""
    reference, form = read_callback(raw)
    status = form.get("MessageStatus", "")
    code = form.get("ErrorCode", "")
    permanent, fault = CODES.get(code, (None, ""))
    kind = KINDS.get(status, ReceiptKind.UNKNOWN) if reference else ReceiptKind.UNKNOWN
    meaning = MEANINGS.get(status, "no status that we know") if reference else "carries no reference of ours"
    return [
        ReceiptRecord(
            reference=reference,
            kind=kind,
            provider_reference=keep(SID, form.get("MessageSid", "")),
            permanent=permanent if kind is ReceiptKind.FAILED else None,
            provider_word=f"{as_said(status)} {keep(CODE, code)}".strip(),
            reason=f"{meaning}: {fault}" if fault and kind is ReceiptKind.FAILED else meaning,
            opted_out=kind is ReceiptKind.FAILED and code == OPTED_OUT,
        )
    ]


def read_form(body: bytes) -> list[tuple[str, str]]:
    """Names and values as they came. Raises ValueError for more of them than Twilio ever sends."""
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)


def read_callback(raw: bytes) -> tuple[str, Mapping[str, str]]:
    """Our reference, empty where there is none, and the form."""
    query, body = split(raw)
    try:
        given = dict(read_form(query.encode())).get("reference", "").strip().lower()
        form = dict(read_form(body))
    except ValueError:
        return "", {}
    return keep(UUID, given), form


def keep(pattern: re.Pattern[str], text: str) -> str:
    """The text where it is nothing but what the pattern allows: else it could hold anything."""
    return text if pattern.fullmatch(text) else ""
