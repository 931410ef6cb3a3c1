"""What a mail firm reports by webhook, as anymail reads it, in our words.

A report is kept as our summary of its events and the body as it came (see `raw_request`), so that it can be read again
with neither anymail nor the firm's keys.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from anymail.signals import AnymailTrackingEvent

from notifications.channels.base import ReceiptKind, ReceiptRecord, as_said
from notifications.channels.mail_status import blames_address, describe, find_status
from notifications.channels.raw_request import join, split

KINDS = {
    "queued": ReceiptKind.DELAYED,
    "sent": ReceiptKind.ACCEPTED,
    "delivered": ReceiptKind.DELIVERED,
    "deferred": ReceiptKind.DELAYED,
    "rejected": ReceiptKind.FAILED,
    "failed": ReceiptKind.FAILED,
    "bounced": ReceiptKind.FAILED,
    "opened": ReceiptKind.SEEN,
    "clicked": ReceiptKind.SEEN,
    "complained": ReceiptKind.SEEN,
    "autoresponded": ReceiptKind.SEEN,
    # Of a list and of no mail: it may be the firm's own doing.
    "unsubscribed": ReceiptKind.UNKNOWN,
    "subscribed": ReceiptKind.UNKNOWN,
    "unknown": ReceiptKind.UNKNOWN,
}
"""anymail's event types. Whoever complains or answers has the mail, or a machine of theirs has."""
MEANINGS = {
    "queued": "taken by the provider",
    "sent": "sent by the provider",
    "delivered": "taken by the reader's mail system",
    "deferred": "put off by the reader's mail system",
    "rejected": "not sent by the provider",
    "failed": "not sent by the provider",
    "bounced": "refused by the reader's mail system",
    "opened": "opened",
    "clicked": "a link was followed",
    "complained": "the reader called it unwanted",
    "autoresponded": "a machine answered",
    "unsubscribed": "the address was taken off a list",
    "subscribed": "the address was put on a list",
    "unknown": "no event that the provider's reader knows",
}
BLAMES: Final = {"invalid": True, "spam": False, "unsubscribed": False, "blocked": False, "timed_out": False}
"""anymail's reasons: whether the address will never work. `bounced` and `other` leave it to the status code."""

REFERENCE: Final = "reference"
"""The name in a mail's metadata; `esp` writes it."""
UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
MESSAGE_ID = re.compile(rf"<({UUID})@")
PRINTABLE = re.compile(r"[\x21-\x7e]{1,120}")


def pack(events: Iterable[AnymailTrackingEvent], body: bytes) -> bytes:
    """What is kept of one call: our summary of its events, then the body."""
    return join(json.dumps([_summarize(event) for event in events]), body)


def parse_events(raw: bytes) -> list[ReceiptRecord]:
    """One receipt for each event; of kind UNKNOWN where the summary is not ours. Never raises."""
    try:
        summaries = json.loads(split(raw)[0])
        return [_read(summary) for summary in summaries]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return [ReceiptRecord(reference="", kind=ReceiptKind.UNKNOWN, reason="not a report that we packed")]


def read_event(event: AnymailTrackingEvent) -> ReceiptRecord:
    """One event in our words."""
    return _read(_summarize(event))


def _summarize(event: AnymailTrackingEvent) -> dict[str, Any]:
    """What a receipt is made of, and nothing personal: of a mail system's answer only its status code."""
    return {
        "type": str(event.event_type or ""),
        "reference": _find_reference(event),
        "message_id": str(event.message_id or ""),
        "reject_reason": str(event.reject_reason or ""),
        "status": find_status(str(event.mta_response or "")),
        "at": event.timestamp.isoformat() if event.timestamp else "",
    }


def _find_reference(event: AnymailTrackingEvent) -> str:
    """From the metadata, or from our Message-ID where the firm left it as it was."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    given = metadata.get(REFERENCE)
    if isinstance(given, str) and re.fullmatch(UUID, given.strip()):
        return given.strip().lower()
    found = MESSAGE_ID.match(str(event.message_id or ""))
    return found[1].lower() if found else ""


def _read(summary: dict[str, Any]) -> ReceiptRecord:
    word, reference, status = summary["type"], summary["reference"], summary["status"]
    kind = KINDS.get(word, ReceiptKind.UNKNOWN) if reference else ReceiptKind.UNKNOWN
    meaning = MEANINGS.get(word, "no event that we know") if reference else "carries no reference of ours"
    message_id = summary["message_id"]
    return ReceiptRecord(
        reference=reference,
        kind=kind,
        provider_reference=message_id if PRINTABLE.fullmatch(message_id) else "",
        permanent=_blames(summary["reject_reason"], status) if kind is ReceiptKind.FAILED else None,
        provider_word=f"{as_said(word)} {status}".strip(),
        reason=f"{meaning}: {describe(status)}" if status and kind is ReceiptKind.FAILED else meaning,
        occurred_at=_read_time(summary["at"]),
    )


def _blames(reject_reason: str, status: str) -> bool | None:
    return BLAMES[reject_reason] if reject_reason in BLAMES else blames_address(status)


def _read_time(text: str) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) if moment else None
