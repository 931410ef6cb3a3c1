"""Whether a mail firm could prove that it calls, asked of anymail's own view: at the start, and before each report."""

import re
from contextlib import suppress
from io import BytesIO
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.urls import Resolver404, resolve

UNREADABLE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading raises for a report, or a key, that is not of the firm's shape, beside anymail's own errors."""
_SETTING: Final = re.compile(r"ANYMAIL_\w+")
_USER_AND_PASSWORD: Final = re.compile(r"[^:]+:.+", re.DOTALL)


def find_secret_fault() -> str:
    """What is wrong with the password that mail firms show; empty where nothing is, or none is set."""
    secret = settings.ANYMAIL.get("WEBHOOK_SECRET")
    if not secret or _USER_AND_PASSWORD.fullmatch(secret):
        return ""
    return "ANYMAIL_WEBHOOK_SECRET is not of the form user:password, and mail firms show both"


def find_fault(esp: str) -> str:
    """Why no report of the firm `esp` would be taken; empty where it would be. Loads HTTP clients."""
    view = find_view(esp)
    if view is None:
        return f"ANYMAIL_WEBHOOKS names {esp!r}, of which anymail reads no reports"
    try:
        protected = _is_protected(view)
    except ImproperlyConfigured as error:
        return f"The reports of {esp} cannot be checked: {_words_of(error)}"
    except UNREADABLE as error:  # whose words may hold the key
        return f"The reports of {esp} cannot be checked: its key cannot be used ({type(error).__name__})"
    return "" if protected else f"ANYMAIL_WEBHOOK_SECRET is not set, and {esp} signs nothing by what is set"


def find_view(esp: str) -> Any:
    """anymail's view of a firm's events, from its own table of addresses."""
    try:
        found: Any = resolve(f"/{esp}/tracking/", urlconf="anymail.urls").func
        return found.view_class
    except Resolver404:
        return None


def _is_protected(view: Any) -> bool:
    """Whether callers have to prove themselves, by a password or the firm's signature: anymail only warns if not.

    Raises ImproperlyConfigured where key or library is missing, one of UNREADABLE where the key cannot be used.
    """
    made = view(webhook_secret="asked only whether a password is all that there is")  # noqa: S106
    _ask_for_proof(made)
    return bool(settings.ANYMAIL.get("WEBHOOK_SECRET")) or not made.warn_if_no_basic_auth


def _ask_for_proof(made: Any) -> None:
    """Some firms' keys are missed, or read, only when a call has to be proved: here one that proves nothing."""
    # Loads an HTTP client, which few web processes need.
    from anymail.exceptions import AnymailAPIError

    given = {"REQUEST_METHOD": "POST", "HTTP_X_POSTAL_SIGNATURE": "AAAA", "wsgi.input": BytesIO()}
    with suppress(SuspiciousOperation, AnymailAPIError):  # refused, as it should be
        made.run_validators(WSGIRequest(given))


def _words_of(error: ImproperlyConfigured) -> str:
    """What to do in our operators' words: of a setting anymail says how to write it in Python."""
    text = " ".join(str(error).split())
    return f"{named[0]} is not set" if (named := _SETTING.search(text)) else text
