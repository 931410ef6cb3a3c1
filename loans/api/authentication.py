"""Who sends a request: the partner in the address, proved by a signature over the body."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from loans.api import problems
from loans.api.keyring import keys_of
from loans.api.problems import ProblemError
from loans.api.signature import MESSAGE_ID, TOLERANCE, is_signed, moment_of
from loans.models import Partner

SCHEME: Final = "StandardWebhooks"
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
_META: Final = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in HEADERS}
_CHALLENGE: Final = {"WWW-Authenticate": SCHEME}


@dataclass(frozen=True, slots=True)
class Caller:
    """A partner in the place of a user."""

    partner: Partner
    is_authenticated: bool = True


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed and is authentic. `key` is the beginning of the key that signed it, `at` when we got it."""

    message_id: str
    body: bytes
    headers: dict[str, str]
    key: str
    at: datetime


def caller_of(request: Request) -> Caller:
    """Who sends a request that was let in."""
    return cast("Caller", request.user)


class SignedByPartner(BaseAuthentication):
    """REST framework's authentication: `request.user` is a Caller, `request.auth` what it signed.

    Each way to fail is a problem of its own, except that an unknown partner looks like a wrong signature.
    """

    def authenticate(self, request: Request) -> tuple[Caller, Signed]:
        return who_signed(request._request, request.parser_context["kwargs"]["partner"])

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def who_signed(request: HttpRequest, code: str) -> tuple[Caller, Signed]:
    """The partner of this code, and what it signed. Raises ProblemError."""
    now = timezone.now()
    headers = {name: request.META.get(_META[name], "") for name in HEADERS}
    message_id, timestamp, signature = headers.values()
    if not all(headers.values()):
        raise ProblemError(problems.UNSIGNED, headers=_CHALLENGE)
    if not MESSAGE_ID.fullmatch(message_id):
        raise ProblemError(problems.MESSAGE_ID)
    sent_at = _check_time(timestamp, now)
    body = read_body(request)
    for key in keys_of(code, now):
        if is_signed(signature, key.secret, message_id, int(sent_at.timestamp()), body):
            return Caller(key.partner), Signed(message_id, body, headers, key.prefix, now)
    raise ProblemError(problems.WRONG_SIGNATURE, headers=_CHALLENGE)


def _check_time(timestamp: str, now: datetime) -> datetime:
    sent_at = moment_of(timestamp)
    if sent_at is None or sent_at > now + TOLERANCE:
        raise ProblemError(problems.AHEAD, headers=_CHALLENGE)
    if sent_at < now - TOLERANCE:
        raise ProblemError(problems.STALE, headers=_CHALLENGE)
    return sent_at


def read_body(request: HttpRequest) -> bytes:
    """The body as it came, which nothing has read yet. Raises ProblemError where it is too large or cut off."""
    given = request.META.get("CONTENT_LENGTH") or ""
    if not given and request.META.get("HTTP_TRANSFER_ENCODING"):
        raise ProblemError(problems.NO_LENGTH)
    length = int(given) if given.isdecimal() else 0
    if length > settings.EVENTS_BODY_LIMIT:
        raise ProblemError(
            problems.TOO_LARGE, f"The body has {length} bytes; at most {settings.EVENTS_BODY_LIMIT} are taken."
        )
    try:
        body: bytes = request.read(length)
    except UnreadablePostError:
        raise ProblemError(problems.CUT_OFF) from None
    if len(body) < length:
        raise ProblemError(problems.CUT_OFF)
    return body
