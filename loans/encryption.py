"""Secrets that must be read again are kept encrypted: a dump of the database alone tells none of them.

Fernet (AES-128-CBC with HMAC-SHA256). The keys are derived from SECRET_KEY and, after a rotation, its fallbacks: what
was encrypted under an older one can be read for as long as that one is among them.
"""

import base64
from functools import lru_cache
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE: Final = b"dueproof: secrets of partners"


class UnreadableSecretError(Exception):
    """The secret was encrypted under a SECRET_KEY that is no longer known, or was altered."""


def encrypt(secret: str) -> str:
    """`secret` as an ASCII token, another one each time."""
    return _fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(secret.encode()).decode()


def decrypt(token: str) -> str:
    """What `token` was made of. Raises UnreadableSecretError."""
    try:
        return _fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(token).decode()
    except InvalidToken:
        raise UnreadableSecretError("encrypted under a SECRET_KEY that is not known here, or altered") from None


@lru_cache(maxsize=4)
def _fernet(*keys: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key))) for key in keys])


def _derived(key: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
