"""Text messages that people send to us, from each provider's own words. Pure: what they mean is read by `replies`.

Kannel asks for an address with its fields filled in (`?from=%p&text=%b&charset=%C&time=%T&id=%I`); how its service for
incoming messages is to be set up is said, whole, in docs/operations.md. A text in letters beyond the default alphabet
comes as the bytes that the phone sent, UTF-16, and what is told of its charset is all that says so.

Providers bring a message again where they did not hear our answer. It is the same one where all of it is the same: the
provider's id, the sender, the words, the time. An id alone would not do: Kannel's is whatever its operator asks for (a
`%i`, the message centre's, is the same for all), so that without a time nothing of Kannel's is taken for a repeat. Nor
is what has neither id nor time. The same words at another time are another message.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from django.core.exceptions import ValidationError

from accounts.phones import normalize_phone
from notifications.channels.aliyun_reports import read_batch, read_china_time

LONGEST_TEXT: Final = 1600
"""Letters; ten joined messages. Whatever is longer is no answer to one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundText:
    """One text message to us.

    `senders` has what the sender's number may be in E.164: two readings where it came without a plus, the number of
    mainland China first; none where it cannot be read: such a message is nobody's, and a person's to look at.
    `occurred_at` is aware, and None where the provider gives no time. `fingerprint` is the same when it comes again,
    and empty where nothing would tell it from another one of the same words. `says_who` and `says_what`: whether there
    is a sender at all, readable or not, and any sign or picture.
    """

    senders: tuple[str, ...]
    text: str
    provider: str
    occurred_at: datetime | None
    fingerprint: str = ""
    says_who: bool = True
    says_what: bool = True


def read_kannel(query: bytes) -> list[InboundText]:
    """The query of Kannel's call, as it came; none where it has no sender or no text."""
    pairs = (part.partition(b"=") for part in query.split(b"&"))
    fields = {name: unquote_to_bytes(value.replace(b"+", b" ")) for name, _sign, value in pairs}
    if b"from" not in fields or b"text" not in fields:
        return []
    sender, charset, time, number = (
        fields.get(name, b"").decode("utf-8", "replace") for name in (b"from", b"charset", b"time", b"id")
    )
    text = fields[b"text"].decode("utf-16-be" if charset.upper() == "UTF-16BE" else "utf-8", "replace")
    occurred_at = _read_epoch(time)
    return [_make("kannel", sender, text, occurred_at, (number, time) if occurred_at else ("", ""))]


def read_twilio(form: Mapping[str, str]) -> list[InboundText]:
    """The form of Twilio's call; none where it is no message."""
    if "From" not in form or "Body" not in form:
        return []
    # WhatsApp's and others' senders have a word before the number.
    sender = form["From"].rpartition(":")[2]
    text = _make("twilio", sender, form["Body"], None, (form.get("MessageSid", ""), ""))
    # A photograph of a receipt comes without a word, and is something to look at.
    return [replace(text, says_what=text.says_what or form.get("NumMedia", "0") not in ("", "0"))]


def read_aliyun(raw: bytes) -> list[InboundText]:
    """Alibaba Cloud's push (SmsUp), a JSON array; none where it is something else. Its times are China's."""
    return [
        _make(
            "aliyun",
            str(one.get("phone_number", "")),
            str(one["content"]),
            read_china_time(one.get("send_time")),
            (_write(one.get("sequence_id")), _write(one.get("send_time"))),
        )
        for one in read_batch(raw) or []
        if "content" in one
    ]


def _make(provider: str, sender: str, text: str, occurred_at: datetime | None, named: tuple[str, str]) -> InboundText:
    """`named` is the provider's id and time of it, as written; either may be empty."""
    whole = json.dumps([*named, sender, text]).encode()
    return InboundText(
        senders=_read_senders(sender),
        # Half an emoji, where a provider cut one in two, can be written nowhere.
        text=text.replace("\x00", "")[:LONGEST_TEXT].encode("utf-8", "replace").decode(),
        provider=provider,
        occurred_at=occurred_at,
        fingerprint=sha256(whole).hexdigest() if any(named) else "",
        says_who=bool(sender.replace("\x00", "").strip()),
        says_what=bool(text.replace("\x00", "").strip()),
    )


def _read_senders(written: str) -> tuple[str, ...]:
    """The country code has a plus, two noughts or nothing before it; a plus in a query may have become a space.

    With nothing before it, a number of mainland China may lack its country code, and no length tells it from another
    country's that has one: 1 512 555 0123 is of Texas, or a mobile of China.
    """
    digits = written.strip()
    if written.startswith(" ") and digits.isdigit():
        digits = f"+{digits}"
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    readings = (digits,) if digits.startswith("+") else (digits, f"+{digits}")
    return tuple(dict.fromkeys(filter(None, map(_normalize, readings))))


def _normalize(number: str) -> str:
    try:
        return normalize_phone(number)
    except ValidationError:
        return ""


def _write(value: Any) -> str:
    return "" if value is None else json.dumps(value) if isinstance(value, dict | list) else str(value)


def _read_epoch(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.isascii() and text.isdigit() else None
    except (ValueError, OverflowError, OSError):
        return None
