"""What a push service asks of a message: RFC 8030 for the request, RFC 8292 for who sends it."""

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from portal.sandbox.browser_keys import P256

LONGEST_BODY: Final = 4096
DAY: Final = 86_400
TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
VAPID: Final = re.compile(r"vapid t=([\w-]+\.[\w-]+)\.([\w-]+), ?k=([\w-]+)", re.ASCII)


class RefusedPushError(Exception):
    """A message that is not taken, with the status and the words of the answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def check_push(headers: Mapping[str, str], body: bytes, origin: str) -> None:
    """Raises RefusedPushError. `origin` is the service's own, which the sender's token must name."""
    if len(body) > LONGEST_BODY:
        raise RefusedPushError(413, "The message is longer than 4096 octets.")
    if not headers.get("TTL", "").isdecimal():
        raise RefusedPushError(400, "TTL is missing or no number of seconds.")
    if headers.get("Content-Encoding") != "aes128gcm":
        raise RefusedPushError(400, "Content-Encoding must be aes128gcm.")
    if "Topic" in headers and not TOPIC.fullmatch(headers["Topic"]):
        raise RefusedPushError(400, "Topic must be up to 32 letters of base64url.")
    check_sender(headers.get("Authorization", ""), origin)


def check_sender(authorization: str, origin: str) -> None:
    """Signed by the key beside it, for this service, for a day at most, by somebody who can be asked."""
    found = VAPID.fullmatch(authorization)
    if found is None:
        raise RefusedPushError(401, "Authorization must be `vapid t=…, k=…`.")
    signed, signature, key = found.groups()
    try:
        numbers = _decode(signature)
        der = encode_dss_signature(int.from_bytes(numbers[:32]), int.from_bytes(numbers[32:]))
        sender = ec.EllipticCurvePublicKey.from_encoded_point(P256, _decode(key))
        sender.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
        claims = json.loads(_decode(signed.partition(".")[2]))
        fits = claims["aud"] == origin and time.time() < claims["exp"] <= time.time() + DAY
        known = claims["sub"].startswith(("mailto:", "https://"))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature) as error:
        raise RefusedPushError(403, "BadJwtToken") from error
    if not fits or not known:
        raise RefusedPushError(403, "BadJwtToken")


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
