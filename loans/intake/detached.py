"""Signatures that come beside a file: `name.csv` and `name.csv.sig`. Ed25519 over the file's bytes (RFC 8032)."""

import base64
import binascii
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from loans.models import FileKey, Partner

SUFFIX: Final = ".sig"
SIGNATURE_BYTES: Final = 64
MOST_BYTES: Final = 1_024
"""Of a signature file: 64 bytes as they are, or in Base64 or hexadecimal."""


class SignatureError(Exception):
    """The file is not signed as its partner signs. The text says why."""


def signer(partner: Partner, content: BinaryIO, signature: bytes | None, now: datetime) -> FileKey | None:
    """The partner's key that signed the rest of `content`; None where the partner has never had a key.

    Raises SignatureError. `content` is left where it was.
    """
    keys = list(FileKey.objects.filter(partner=partner).valid_at(now).order_by("-valid_from", "pk"))
    if not keys and not FileKey.objects.filter(partner=partner).exists():
        return None
    if signature is None:
        raise SignatureError("is not signed; this partner signs its files, in a file of the same name and .sig")
    said = _bytes_of(signature)
    with _whole(content) as whole, memoryview(whole) as data:
        for key in keys:
            if _is_signed(key, said, data):
                return key
    raise SignatureError("the signature is not by a valid key of this partner over these bytes")


def _is_signed(key: FileKey, signature: bytes, data: memoryview) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key)).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _bytes_of(signature: bytes) -> bytes:
    if len(signature) == SIGNATURE_BYTES:
        return signature
    text = signature.strip()
    for decode in (bytes.fromhex, lambda told: base64.b64decode(told, validate=True)):
        try:
            found = decode(text.decode("ascii"))
        except (ValueError, binascii.Error):
            continue
        if len(found) == SIGNATURE_BYTES:
            return found
    raise SignatureError(f"the signature is not {SIGNATURE_BYTES} bytes, nor their Base64 or hexadecimal")


@contextmanager
def _whole(content: BinaryIO) -> Iterator[bytes | mmap.mmap]:
    """The rest of the content as one buffer, which Ed25519 needs; of a file on disk it takes no memory of ours."""
    start = content.tell()
    mapped = _mapped(content) if start == 0 else None
    if mapped is None:
        yield content.read()
        content.seek(start)
        return
    with mapped:
        yield mapped


def _mapped(content: BinaryIO) -> mmap.mmap | None:
    try:
        return mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # no file of the system's (io.UnsupportedOperation is both), or an empty one
        return None
