"""The keys of the sandbox's browsers, and the receiver's side of RFC 8291: written from the standard, not from the
code that sends.

A browser's keys follow from its name, so that a subscription outlives a restart. They guard nothing.
"""

from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P256: Final = ec.SECP256R1()
BELOW_ORDER: Final = 1 << 255


class UnreadableError(ValueError):
    """This body was not closed to this browser."""


def public_key_of(name: str) -> bytes:
    """65 octets, as a browser gives them out."""
    return _point(_key_of(name).public_key())


def secret_of(name: str) -> bytes:
    return sha256(f"secret of {name}".encode()).digest()[:16]


def read_body(name: str, body: bytes) -> bytes:
    """The text of one `aes128gcm` body of one record (RFC 8188, section 2). Raises UnreadableError."""
    key_length = body[20] if len(body) > 20 else 0
    salt, sender, record = body[:16], body[21 : 21 + key_length], body[21 + key_length :]
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(P256, sender)
        shared = _key_of(name).exchange(ec.ECDH(), theirs)
        info = b"WebPush: info\x00" + public_key_of(name) + sender
        material = HKDF(hashes.SHA256(), 32, secret_of(name), info).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(material)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(material)
        padded = AESGCM(key).decrypt(nonce, record, None)
    except (ValueError, InvalidTag) as error:
        raise UnreadableError("The body was not closed to this browser.") from error
    text, delimiter, _ = padded.rpartition(b"\x02")
    if not delimiter:
        raise UnreadableError("The record does not end as the last one of a message does.")
    return text


def _key_of(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sha256(f"key of {name}".encode()).digest()) % BELOW_ORDER + 1, P256)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
