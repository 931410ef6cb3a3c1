"""Browsers that a message can be pushed to: their keys, and what they make of a body."""

import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.channels.vapid import encode
from notifications.channels.web_push_address import PushAddress

VAPID_KEY = "IQ9Ur0ykXoHS9gzfYX0aBjy9lvdrjx_PFUXmie9YRcY"
SUBJECT = "mailto:ops@portal.example"
AUTH = bytes(range(16))


@dataclass(frozen=True)
class Browser:
    """One with a key of its own, that listens at `endpoint`."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def p256dh(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def address(self) -> PushAddress:
        return PushAddress(self.endpoint, self.p256dh, AUTH)

    @property
    def fields(self) -> dict[str, str]:
        """As a page posts them."""
        return {"endpoint": self.endpoint, "p256dh": encode(self.p256dh), "auth": encode(AUTH)}

    def read(self, body: bytes) -> str:
        """The text of a body, by the receiver's side of RFC 8291."""
        salt, (_size, length), theirs = body[:16], struct.unpack("!IB", body[16:21]), body[21:86]
        assert length == len(theirs)
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        info = b"WebPush: info\0" + self.p256dh + theirs
        secret = HKDF(hashes.SHA256(), 32, AUTH, info).derive(self.key.exchange(ec.ECDH(), sender))
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        text = AESGCM(key).decrypt(nonce, body[86:], None)
        assert text.endswith(b"\x02")
        return text[:-1].decode()
