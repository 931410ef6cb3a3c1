"""Says to a push service who is pushing: RFC 8292, by a token that is signed with one key of this installation."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.channels.base import ChannelMisconfiguredError
from notifications.channels.web_push_encryption import CURVE

TOKEN_SECONDS: Final = 12 * 3600
"""How long a token is good for; RFC 8292 allows a day, and clocks differ."""
USED_SECONDS: Final = TOKEN_SECONDS // 2
"""How long one is used again: push services ask for that, and signing is half the work of a message."""
KEY_SIZE: Final = 32


def make_private_key() -> str:
    """A new key as settings and browsers write it: the 32 octets of its number, base64url without padding."""
    return encode(ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(KEY_SIZE))


class Vapid:
    """The key, its public half for browsers, and the header for push services. Not safe to share between threads."""

    def __init__(self, private_key: str, subject: str, clock: Callable[[], float] = time.time) -> None:
        """`subject` is a `mailto:` or `https:` at which a push service reaches whoever runs this; `clock` counts from
        1970. Raises ChannelMisconfiguredError."""
        try:
            number = decode(private_key)
            self._key = ec.derive_private_key(int.from_bytes(number) if len(number) == KEY_SIZE else 0, CURVE)
        except ValueError as error:
            raise ChannelMisconfiguredError(
                "VAPID_PRIVATE_KEY must be 32 octets in base64url: make one with `manage.py make_vapid_key`."
            ) from error
        if not subject.startswith(("mailto:", "https://")):
            raise ChannelMisconfiguredError("VAPID_SUBJECT must be a mailto: or https: address that reaches you.")
        self._subject = subject
        self._clock = clock
        self._made: dict[str, tuple[float, str]] = {}

    @property
    def public_key(self) -> str:
        """What a browser is given as `applicationServerKey`: the uncompressed point, base64url without padding."""
        return encode(self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def authorization(self, audience: str) -> str:
        """The header `Authorization` for messages to `audience`, the origin of their endpoint."""
        now = self._clock()
        made_at, header = self._made.get(audience, (0.0, ""))
        if not header or not made_at <= now < made_at + USED_SECONDS:
            header = f"vapid t={self._sign(audience, now)}, k={self.public_key}"
            self._made[audience] = now, header
        return header

    def _sign(self, audience: str, now: float) -> str:
        claims = {"aud": audience, "exp": int(now) + TOKEN_SECONDS, "sub": self._subject}
        parts = (json.dumps(part, separators=(",", ":")).encode() for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        signed = ".".join(encode(part) for part in parts)
        # JWS (RFC 7518, 3.4) wants the two numbers side by side, where cryptography gives them as DER.
        numbers = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{encode(b''.join(number.to_bytes(KEY_SIZE) for number in numbers))}"


def encode(octets: bytes) -> str:
    """base64url without padding, as everything around Web Push is written."""
    return urlsafe_b64encode(octets).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The octets, with or without padding. Raises ValueError for anything else, letters of plain base64 included."""
    if not text.isascii() or set(text) & set("+/"):
        raise ValueError("not base64url")
    bare = text.rstrip("=")
    octets = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    if encode(octets) != bare:
        raise ValueError("not base64url")
    return octets
