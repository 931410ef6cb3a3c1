"""Encrypts what only one browser may read: RFC 8291, in the one record of RFC 8188's `aes128gcm`."""

import os
import struct
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE: Final = ec.SECP256R1()
RECORD_SIZE: Final = 4096
"""Octets of a whole body: what every push service must take (RFC 8030, section 7.2)."""
SALT_SIZE: Final = 16
LAST_RECORD: Final = b"\x02"
OVERHEAD: Final = SALT_SIZE + 4 + 1 + 65 + len(LAST_RECORD) + 16
"""Octets of a body that are not its text: salt, record size, the length of a key, that key, delimiter and tag."""
MOST_TEXT: Final = RECORD_SIZE - OVERHEAD


class TooLongError(ValueError):
    """The text does not fit into one message of Web Push."""


def encrypt(
    text: bytes,
    p256dh: bytes,
    auth: bytes,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The body to post. `p256dh` is the browser's public key, 65 octets uncompressed; `auth` its secret of 16 octets.

    `salt` and `sender` are made anew for each message and are given only by tests. Raises TooLongError, and ValueError
    where `p256dh` is no point of P-256.
    """
    if len(text) > MOST_TEXT:
        raise TooLongError(f"{len(text)} octets are more than the {MOST_TEXT} that fit.")
    salt, sender = salt or os.urandom(SALT_SIZE), sender or ec.generate_private_key(CURVE)
    ours = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = sender.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh))
    secret = _derive(shared, auth, b"WebPush: info\0" + p256dh + ours, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + struct.pack("!IB", RECORD_SIZE, len(ours)) + ours
    return header + AESGCM(key).encrypt(nonce, text + LAST_RECORD, None)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
