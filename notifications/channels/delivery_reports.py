"""Delivery reports that come back as mail (RFC 3464), read as receipts.

A report counts only by our own reference: the envelope id that we gave, the address that we asked bounces to come to,
or the Message-ID of the mail that it returns. Whatever is not a report (an automatic reply, a person's answer) is no
receipt; whatever claims to be one and cannot be read is a receipt of kind UNKNOWN, for a person to look at.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message as Mail
from email.utils import parsedate_to_datetime
from typing import Final

from notifications.channels.base import ReceiptKind, ReceiptRecord
from notifications.channels.mail_reading import MOST_PARTS, TooMuchError, read_fields, read_head, read_mail
from notifications.channels.mail_status import blames_address, describe, find_status

KINDS = {
    "delivered": ReceiptKind.DELIVERED,
    "failed": ReceiptKind.FAILED,
    "delayed": ReceiptKind.DELAYED,
    # The next system sends no reports, or split the mail up: how far it got will never be known.
    "relayed": ReceiptKind.ACCEPTED,
    "expanded": ReceiptKind.ACCEPTED,
}
"""RFC 3464, section 2.3.3: the action words in ours."""

# The second of each is what becomes of it where an address is not ASCII (RFC 6533).
STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
RETURNED_TYPES = ("text/rfc822-headers", "message/rfc822", "message/global-headers", "message/global")

ARRIVED: Final = {
    "delivered": "put into the mailbox",
    "relayed": "handed on to a system that reports no more",
    "expanded": "handed on to a list",
}
"""What a mail that was not refused met with; its status code says no more than that nothing is wrong."""

MOST_RECIPIENTS: Final = 5
"""Our mail has one, and an alias behind it a few more: a longer list is an attack on whoever stores the receipts."""

UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
ENVELOPE_ID = re.compile(rf"\s*({UUID})\s*")
BOUNCE_ADDRESS = re.compile(rf"\bbounce\+({UUID})@", re.IGNORECASE)
MESSAGE_ID = re.compile(rf"<({UUID})@")
BOUNCER = re.compile(r"<>|mailer-daemon@|postmaster@", re.IGNORECASE)


def parse_delivery_report(raw: bytes) -> list[ReceiptRecord]:
    """One record for each recipient in the report, none where the mail is not a report. Never raises for bad input."""
    try:
        return _parse(read_mail(raw))
    except TooMuchError as excess:
        return _set_apart(read_head(raw), str(excess))


def _parse(mail: Mail) -> list[ReceiptRecord]:
    if not _claims_to_be_report(mail):
        return [_unreadable(mail, "bounce without a report")] if _looks_like_bounce(mail) else []
    status = _find_part(mail, *STATUS_TYPES)
    blocks = _blocks(status) if status is not None else []
    if len(blocks) < 2:
        return [_unreadable(mail, "report without a recipient")]
    references = _references(mail, blocks[0])
    return _arrived_first([_read_recipient(block, references, mail) for block in blocks[1 : MOST_RECIPIENTS + 1]])


def _arrived_first(records: list[ReceiptRecord]) -> list[ReceiptRecord]:
    """Behind our one address there may be several mailboxes: where one of them took the mail it arrived, whatever the
    others did and in whatever order they are named, and the address works.
    """
    if all(one.kind is not ReceiptKind.DELIVERED for one in records):
        return records
    unblamed = [one._replace(permanent=None) for one in records]
    return sorted(unblamed, key=lambda one: one.kind is not ReceiptKind.DELIVERED)


def _set_apart(head: Mail, excess: str) -> list[ReceiptRecord]:
    """What is larger than any report, by its own header fields: of the delivery to whose address it came."""
    is_report = head.get_content_type() == "multipart/report"
    return [_unreadable(head, excess)] if is_report or _looks_like_bounce(head) else []


def _claims_to_be_report(mail: Mail) -> bool:
    report_type = mail.get_param("report-type")
    return mail.get_content_type() == "multipart/report" and (
        str(report_type).lower() == "delivery-status" or _find_part(mail, *STATUS_TYPES) is not None
    )


def _looks_like_bounce(mail: Mail) -> bool:
    """Old mail systems bounce in plain words. An automatic reply has no sender either, but says what it is."""
    if mail.get_content_type() == "multipart/report" or _header(mail, "Auto-Submitted").lower().startswith("auto-rep"):
        return False
    return any(BOUNCER.search(_header(mail, name)) for name in ("Return-Path", "From"))


def _find_part(mail: Mail, *content_types: str) -> Mail | None:
    return next((part for part in mail.walk() if part.get_content_type() in content_types), None)


def _blocks(status: Mail) -> list[Mail]:
    """The message's own fields, then those of each recipient; blocks without fields are left out."""
    payload = status.get_payload()
    blocks = [block for block in payload if isinstance(block, Mail)] if isinstance(payload, list) else []
    if status.get_content_type() == "message/global-delivery-status" and blocks:
        # The parser knows only the older type; of this one it takes every block after the first for a body.
        texts = re.split(r"\r?\n\r?\n", str(blocks[0].get_payload()))
        blocks += [read_fields(text) for text in texts[:MOST_PARTS]]
    return [block for block in blocks if block.keys()]


def _references(mail: Mail, message_fields: Mail | None) -> set[str]:
    """Every reference of ours that the report carries; more than one means that it cannot be trusted."""
    return {reference.lower() for reference in _find_references(mail, message_fields)}


def _find_references(mail: Mail, message_fields: Mail | None) -> Iterator[str]:
    if message_fields is not None and (found := ENVELOPE_ID.fullmatch(_header(message_fields, "Original-Envelope-Id"))):
        yield found.group(1)
    for name in ("Delivered-To", "X-Original-To", "To"):
        for value in mail.get_all(name, []):
            yield from BOUNCE_ADDRESS.findall(str(value))
    returned = _find_part(mail, *RETURNED_TYPES)
    if returned is not None and (found := MESSAGE_ID.search(_returned_message_id(returned))):
        yield found.group(1)


def _reference(references: set[str], mail: Mail) -> str:
    """The one; where they disagree, that of the address to which the mail came, whose delivery it is looked at with."""
    if len(references) == 1:
        return next(iter(references))
    address = BOUNCE_ADDRESS.search(_header(mail, "Delivered-To"))
    return address[1].lower() if address else ""


def _returned_message_id(returned: Mail) -> str:
    payload = returned.get_payload()
    if isinstance(payload, list):
        return _header(payload[0], "Message-ID") if payload and isinstance(payload[0], Mail) else ""
    decoded = returned.get_payload(decode=True)
    return _header(read_head(decoded if isinstance(decoded, bytes) else b""), "Message-ID")


def _read_recipient(block: Mail, references: set[str], mail: Mail) -> ReceiptRecord:
    action = _header(block, "Action").strip().lower()
    status = find_status(_header(block, "Status"))
    kind = KINDS.get(action, ReceiptKind.UNKNOWN)
    reason = ARRIVED.get(action) or describe(status)
    if len(references) != 1:
        kind, reason = ReceiptKind.UNKNOWN, "carries no reference of ours" if not references else "references disagree"
    return ReceiptRecord(
        reference=_reference(references, mail),
        kind=kind,
        permanent=blames_address(status) if kind is ReceiptKind.FAILED else None,
        provider_word=f"{action if action in KINDS else ''} {status}".strip(),
        reason=reason,
        occurred_at=_read_time(_header(block, "Last-Attempt-Date")) or _read_time(_header(mail, "Date")),
    )


def _unreadable(mail: Mail, reason: str) -> ReceiptRecord:
    return ReceiptRecord(
        reference=_reference(_references(mail, None), mail),
        kind=ReceiptKind.UNKNOWN,
        reason=reason,
        occurred_at=_read_time(_header(mail, "Date")),
    )


def _header(mail: Mail, name: str) -> str:
    return str(mail.get(name, ""))


def _read_time(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
