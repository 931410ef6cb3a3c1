"""What leaves the house and comes back: references that providers carry and links that borrowers open.

Both name a delivery by its id and prove by a keyed tag that we made them, so a receipt or a click finds its delivery
with no second write and no index, and neither can be guessed. Keys are SECRET_KEY and, after a rotation, its fallbacks.
"""

import base64
import binascii
import hmac
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_REFERENCE = "notifications.reference"
_LINK = "notifications.link"
_REPLY = "notifications.reply"
_NOTICE = "notifications.notice"
_ID_BYTES = 6
_EXPIRY_BYTES = 4
_TAG_BYTES = 12
_WRITTEN = 36
"""Characters of a UUID as everybody writes it; read in a fifth of the time that the standard library takes."""
_WHOLE_BYTES = 16
_BLOCK_BYTES = 64
"""Of SHA-256: the length to which HMAC fills its key."""


class LinkInvalid(Exception):  # noqa: N818  (it names what is true of the link)
    """The link was altered, or we never made it."""


class LinkExpired(Exception):  # noqa: N818
    """We made the link and its time is over. `delivery_id` tells which telling it belonged to."""

    def __init__(self, delivery_id: int) -> None:
        super().__init__(f"The link of delivery {delivery_id} has expired.")
        self.delivery_id = delivery_id


def reference_of(delivery_id: int) -> str:
    """Our reference for a delivery: a UUID of version 8 (RFC 9562) whose first 48 bits are the id, the rest a tag."""
    digits = _reference(delivery_id, settings.SECRET_KEY).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def delivery_id_in(reference: str) -> int:
    """The delivery that a reference names which this process has made itself: its tag is not looked at."""
    return int(reference[:8] + reference[9:13], 16)


def delivery_id_of(reference: str) -> int | None:
    """The delivery that a reference names; None unless we made it."""
    try:
        claimed = (
            bytes.fromhex(reference.replace("-", "")) if len(reference) == _WRITTEN else uuid.UUID(reference).bytes
        )
    except ValueError:
        return None
    if len(claimed) != _WHOLE_BYTES:
        return None
    delivery_id = int.from_bytes(claimed[:_ID_BYTES])
    for key in _keys():
        if hmac.compare_digest(_reference(delivery_id, key), claimed):
            return delivery_id
    return None


def link_token(delivery_id: int, expires_at: datetime) -> str:
    """A token of 30 characters, short enough for an SMS, that opens one delivery until `expires_at`."""
    body = delivery_id.to_bytes(_ID_BYTES) + int(expires_at.timestamp()).to_bytes(_EXPIRY_BYTES)
    return _seal(_LINK, body)


def reply_code(delivery_id: int) -> str:
    """Four digits that acknowledge a text message when its reader sends them back from the number that it went to."""
    return reply_codes(delivery_id)[0]


def reply_codes(delivery_id: int) -> list[str]:
    """That of today first, and those that earlier keys gave."""
    tags = (_digest(_REPLY, str(delivery_id).encode(), key) for key in _keys())
    return [f"{int.from_bytes(tag[:4]) % 10_000:04d}" for tag in tags]


def read_link_token(token: str, now: datetime) -> int:
    """The delivery that a link opens. Raises LinkInvalid or LinkExpired."""
    body = _unseal(_LINK, token, _ID_BYTES + _EXPIRY_BYTES)
    delivery_id = int.from_bytes(body[:_ID_BYTES])
    if _expiry(body) <= now:
        raise LinkExpired(delivery_id)
    return delivery_id


def notice_token(delivery_id: int, device_id: int, expires_at: datetime) -> str:
    """A token by which one device proves that it got one delivery, and answers it, until `expires_at`."""
    ids = delivery_id.to_bytes(_ID_BYTES) + device_id.to_bytes(_ID_BYTES)
    return _seal(_NOTICE, ids + int(expires_at.timestamp()).to_bytes(_EXPIRY_BYTES))


def read_notice_token(token: str, now: datetime | None = None) -> tuple[int, int]:
    """The delivery and the device of a token. Raises LinkInvalid, and LinkExpired where `now` is given."""
    body = _unseal(_NOTICE, token, 2 * _ID_BYTES + _EXPIRY_BYTES)
    delivery_id, device_id = int.from_bytes(body[:_ID_BYTES]), int.from_bytes(body[_ID_BYTES : 2 * _ID_BYTES])
    if now is not None and _expiry(body) <= now:
        raise LinkExpired(delivery_id)
    return delivery_id, device_id


def _keys() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS


def _reference(delivery_id: int, key: str) -> bytes:
    tag = _digest(_REFERENCE, str(delivery_id).encode(), key)
    version, variant = tag[0] & 0x0F | 0x80, tag[2] & 0x3F | 0x80
    number = (delivery_id & (1 << 8 * _ID_BYTES) - 1).to_bytes(_ID_BYTES)
    return b"%b%c%c%c%b" % (number, version, tag[1], variant, tag[3:10])


def _seal(purpose: str, body: bytes) -> str:
    return _write(body + _tag(purpose, body, settings.SECRET_KEY))


def _write(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unseal(purpose: str, token: str, size: int) -> bytes:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise LinkInvalid("The link is not one of ours.") from error
    if _write(raw) != token:  # the last character has bits to spare: sixteen of them would read alike
        raise LinkInvalid("The link is not spelt as we spell it.")
    body, tag = raw[:size], raw[size:]
    if not any(hmac.compare_digest(_tag(purpose, body, key), tag) for key in _keys()):
        raise LinkInvalid("The link is not one of ours.")
    return body


def _expiry(body: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(body[-_EXPIRY_BYTES:]), UTC)


def _tag(purpose: str, body: bytes, key: str) -> bytes:
    return _digest(purpose, body, key)[:_TAG_BYTES]


def _digest(purpose: str, body: bytes, key: str) -> bytes:
    """What Django's `salted_hmac` gives for SHA-256, in a tenth of the time: receipts come in hundreds of thousands.

    HMAC (RFC 2104) is a hash of a hash, each begun with the key; the two that have taken it in are kept and copied.
    """
    begun_within, begun_around = _begun(purpose, key)
    inner, outer = begun_within.copy(), begun_around.copy()
    inner.update(body)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=64)
def _begun(purpose: str, key: str) -> tuple["Hash", "Hash"]:
    derived = sha256(purpose.encode() + key.encode()).digest().ljust(_BLOCK_BYTES, b"\0")
    return sha256(bytes(one ^ 0x36 for one in derived)), sha256(bytes(one ^ 0x5C for one in derived))
