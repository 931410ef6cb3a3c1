"""Twilio's callbacks for calls, read as receipts: how a call went, and what came at the end of its words.

That a call is over proves nothing, whoever took it: it may have ended before a word was said. It reached a person where
all was said, twice, to one who had answered, or where the key was pressed that says "I have heard this". Who hangs up
in the middle is told in another way.

They are kept as those of text messages are; see `twilio_reports`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qsl

from notifications.channels.base import ReceiptKind, ReceiptRecord, as_said
from notifications.channels.raw_request import split
from notifications.channels.twilio_reports import SID, keep, read_callback

KINDS = {
    "queued": ReceiptKind.DELAYED,
    "initiated": ReceiptKind.DELAYED,
    "ringing": ReceiptKind.DELAYED,
    "in-progress": ReceiptKind.ACCEPTED,
    "completed": ReceiptKind.ACCEPTED,
    "busy": ReceiptKind.FAILED,
    "no-answer": ReceiptKind.FAILED,
    "failed": ReceiptKind.FAILED,
    "canceled": ReceiptKind.FAILED,
}
MEANINGS = {
    "queued": "waiting at the provider",
    "initiated": "being called",
    "ringing": "the phone rings",
    "in-progress": "answered",
    "completed": "the call is over",
    "busy": "the line was busy",
    "no-answer": "nobody answered",
    "failed": "the call could not be made",
    "canceled": "taken back before it was answered",
}
ANSWERED_BY: Final = frozenset(
    {"human", "unknown", "fax", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other"}
)
PERSON: Final = "human"
"""Who answered, as far as Twilio can tell. Unless it says a person, that somebody was told is not proved."""

GOES_ON: Final = "in-progress"
PASSING: Final = frozenset({"busy", "no-answer", "canceled"})
DEAD_NUMBERS: Final = frozenset({"13224", "21211", "21217"})
"""Twilio's words for a number that is none."""

STATUS_REQUIRED: Final = frozenset({"CallSid", "CallStatus"})
WORDS_REQUIRED: Final = frozenset({"CallSid"})
"""Without these a form is no callback about a call, or about the end of its words."""
ANSWERED: Final = "answered_by"
"""The name under which the address that is called at the end of the words says who had answered (`answered`)."""
KEY = re.compile(r"[0-9*#]")
CONFIRMS: Final = "1"


def parse_call(raw: bytes) -> list[ReceiptRecord]:
    """The callback as one receipt; of kind UNKNOWN where it cannot be read. Never raises."""
    reference, form = read_callback(raw)
    if not reference:
        kind, reason, word = ReceiptKind.UNKNOWN, "carries no reference of ours", "?"
    elif form.get("Digits"):
        kind, reason, word = _read_digits(keep(KEY, form["Digits"]))
    elif (person := _heard_by(raw)) is not None:
        kind, reason, word = _read_end(person, form.get("CallStatus", ""))
    else:
        kind, reason, word = _read_status(form)
    return [
        ReceiptRecord(
            reference=reference,
            kind=kind,
            provider_reference=keep(SID, form.get("CallSid", "")),
            permanent=_blames_number(form) if kind is ReceiptKind.FAILED else None,
            provider_word=word,
            reason=reason,
            occurred_at=_read_time(form.get("Timestamp", "")),
        )
    ]


def answered_by(form: Mapping[str, str]) -> str:
    """Who took the call, in Twilio's words; empty where it does not say so."""
    said = form.get("AnsweredBy", "")
    return said if said in ANSWERED_BY else ""


def read_key(raw: bytes) -> tuple[str, str]:
    """Our reference and the key that was pressed ("0" to "9", "*", "#"); each is empty where it cannot be read."""
    reference, form = read_callback(raw)
    return reference, keep(KEY, form.get("Digits", ""))


def _read_digits(key: str) -> tuple[ReceiptKind, str, str]:
    """A person was there and did something; whether they know by it what is due is no receipt's to say."""
    if key == CONFIRMS:
        return ReceiptKind.DELIVERED, "confirmed with a key", f"key {key}"
    return ReceiptKind.SEEN, "a key was pressed", f"key {key or '?'}"


def _read_status(form: Mapping[str, str]) -> tuple[ReceiptKind, str, str]:
    status = form.get("CallStatus", "")
    if status not in KINDS:
        return ReceiptKind.UNKNOWN, "no status that we know", as_said(status)
    return KINDS[status], MEANINGS[status], f"{status} {answered_by(form)}".strip()


def _heard_by(raw: bytes) -> str | None:
    """Who had answered, where this is the end of the words of a call; None where it is something else."""
    query, _body = split(raw)
    said = dict(parse_qsl(query, keep_blank_values=True)).get(ANSWERED)
    return said if said is None or said in ANSWERED_BY else ""


def _read_end(answered: str, status: str) -> tuple[ReceiptKind, str, str]:
    """While the call goes on, somebody was there to the end."""
    word = f"said {answered}".strip()
    if status != GOES_ON:
        return ReceiptKind.ACCEPTED, "the call was over before all was said", word
    if answered == PERSON:
        return ReceiptKind.DELIVERED, "all was said to a person", word
    return ReceiptKind.ACCEPTED, "all was said, perhaps to a machine", word


def _blames_number(form: Mapping[str, str]) -> bool | None:
    if form.get("ErrorCode", "") in DEAD_NUMBERS:
        return True
    return False if form.get("CallStatus", "") in PASSING else None


def _read_time(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
