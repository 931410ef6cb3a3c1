"""Secrets that we must be able to use again are kept encrypted: a copy of the database alone gives none of them away.

Keys are derived from SECRET_KEY and, after a rotation, from its fallbacks.
"""

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def conceal(secret: str, purpose: str) -> str:
    """The secret as it may be stored; only `reveal` with the same purpose reads it."""
    return _keys(purpose).encrypt(secret.encode()).decode()


def reveal(concealed: str, purpose: str) -> str:
    """The secret. Raises cryptography.fernet.InvalidToken where it was made under a key that is gone."""
    return _keys(purpose).decrypt(concealed.encode()).decode()


def _keys(purpose: str) -> MultiFernet:
    return MultiFernet([_key(secret, purpose) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str, purpose: str) -> Fernet:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=f"dueproof.{purpose}".encode()).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
