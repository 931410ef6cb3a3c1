"""Signatures by Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, in base64, after `v1,`.

Over bytes, unlike the standard's own package: a body that is not even text is authentic or not before it is looked at.
"""

import base64
import binascii
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from loans.api.keys import SECRET_PREFIX

TOLERANCE: Final = timedelta(minutes=5)
MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_:/+=~@-]{1,128}")
"""Without a full stop: it parts the id from the timestamp in what is signed."""
TIMESTAMP: Final = re.compile(r"[0-9]{1,11}")
_MOST_SIGNATURES: Final = 16


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature; `secret` begins with whsec_, `timestamp` is in seconds since 1970 UTC."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def is_signed(given: str, secret: str, message_id: str, timestamp: int, body: bytes) -> bool:
    """Whether one of the signatures in the header `given` is this secret's. Takes equally long whatever is wrong."""
    expected = _bytes_of(sign(secret, message_id, timestamp, body))
    found = [hmac.compare_digest(_bytes_of(one), expected) for one in given.split(" ")[:_MOST_SIGNATURES]]
    return any(found)


def moment_of(timestamp: str) -> datetime | None:
    """The moment of the header webhook-timestamp, aware; None where it is none."""
    return datetime.fromtimestamp(int(timestamp), UTC) if TIMESTAMP.fullmatch(timestamp) else None


def _bytes_of(signature: str) -> bytes:
    version, _comma, text = signature.partition(",")
    if version != "v1":
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
