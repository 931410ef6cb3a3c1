"""Whatever the interface refuses, it refuses in one form: application/problem+json (RFC 9457) with a stable code.

`PROBLEMS` is the catalogue: docs/partners.md and the OpenAPI document are checked against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from loans.intake.events.shape import SPOKEN, mistakes_in

MEDIA_TYPE: Final = "application/problem+json"
URN: Final = "urn:dueproof:problem:"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that may be wrong. `code` and `status` never change; `title` is for people, the same each time."""

    code: str
    status: HTTPStatus
    title: str

    @property
    def type(self) -> str:
        return URN + self.code


PROBLEMS: Final[dict[str, Problem]] = {}


def problem(code: str, status: int, title: str) -> Problem:
    """A new entry of the catalogue; each code stands there once."""
    if code in PROBLEMS:
        raise ValueError(f"the problem {code} is there twice")
    PROBLEMS[code] = Problem(code, HTTPStatus(status), title)
    return PROBLEMS[code]


INVALID: Final = problem("invalid", 400, "What was sent does not have the form that is asked for")
NOT_JSON: Final = problem("not_json", 400, "The body is not JSON")
NOT_UTF8: Final = problem("not_utf8", 400, "The body is not UTF-8")
REPEATED_KEY: Final = problem("repeated_key", 400, "An object in the body has a key twice")
TOO_MANY_EVENTS: Final = problem("too_many_events", 400, "A message has at most a thousand events")
CUT_OFF: Final = problem("body_cut_off", 400, "The body ended before its Content-Length")
MESSAGE_ID: Final = problem(
    "webhook_id", 400, "webhook-id is not 1 to 128 letters, digits and marks, without a full stop"
)
UNKNOWN_HOST: Final = problem("unknown_host", 400, "The request names a host that is not this portal's")
UNSIGNED: Final = problem("not_signed", 401, "One of webhook-id, webhook-timestamp and webhook-signature is missing")
WRONG_SIGNATURE: Final = problem("wrong_signature", 401, "No valid key of this partner made this signature")
STALE: Final = problem("stale", 401, "webhook-timestamp is older than five minutes")
AHEAD: Final = problem("ahead", 401, "webhook-timestamp is no time, or more than five minutes ahead of our clock")
NOT_SIGNED_IN: Final = problem("not_authenticated", 401, "The request does not prove who sends it")
FORBIDDEN: Final = problem("forbidden", 403, "This may not be asked for with these rights")
NOT_FOUND: Final = problem("not_found", 404, "There is no such thing, or it is another partner's")
METHOD: Final = problem("method_not_allowed", 405, "This address does not take this method")
NOT_ACCEPTABLE: Final = problem("not_acceptable", 406, "Answers are JSON; the request accepts none")
ANOTHER_MESSAGE: Final = problem("another_message", 409, "Another message was sent under this webhook-id before")
NO_LENGTH: Final = problem("no_length", 411, "Say with Content-Length how long the body is")
TOO_LARGE: Final = problem("too_large", 413, "The body is larger than what is taken")
MEDIA: Final = problem("unsupported_media_type", 415, "The body is of a media type that this address does not take")
NO_IDEMPOTENCY_KEY: Final = problem("idempotency_key_missing", 400, "A request that changes something names its key")
AMBIGUOUS_LOAN: Final = problem("ambiguous_loan_number", 409, "Several banks have a loan of this number; name the bank")
KEY_IN_USE: Final = problem("idempotency_key_in_use", 409, "The first request of this key is being answered right now")
KEY_REUSED: Final = problem("idempotency_key_reused", 422, "This key was used for another request")
TOO_MANY: Final = problem("too_many_requests", 429, "More than the agreed rate; wait as long as Retry-After says")

for _code, _title in SPOKEN.items():
    problem(_code, 400, _title)

_OF_THE_FRAMEWORK: Final[Mapping[type[Exception], Problem]] = {
    exceptions.ValidationError: INVALID,
    exceptions.ParseError: NOT_JSON,
    exceptions.NotAuthenticated: NOT_SIGNED_IN,
    exceptions.AuthenticationFailed: NOT_SIGNED_IN,
    exceptions.PermissionDenied: FORBIDDEN,
    PermissionDenied: FORBIDDEN,
    exceptions.NotFound: NOT_FOUND,
    Http404: NOT_FOUND,
    exceptions.MethodNotAllowed: METHOD,
    exceptions.NotAcceptable: NOT_ACCEPTABLE,
    exceptions.UnsupportedMediaType: MEDIA,
    exceptions.Throttled: TOO_MANY,
}


class ProblemError(exceptions.APIException):
    """Raise it in a view: the answer is `problem`, with a sentence about this very case.

    `members` are further members of the answer (RFC 9457, 3.2), such as `errors`; `headers` go with it.
    """

    def __init__(
        self, what: Problem, detail: str = "", *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail or what.title, what.code)
        self.status_code = what.status
        self.problem, self.members, self.headers = what, members, dict(headers or {})


class _InJson(Response):
    """Written as JSON by an address, too, whose own answers are not: the description is YAML."""

    @property
    def rendered_content(self) -> Any:
        self.accepted_renderer, self.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().rendered_content


def answer(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """REST framework's EXCEPTION_HANDLER. None, which raises the error again, for what is a mistake of ours."""
    if (told := _told(error)) is None:
        return None
    set_rollback()
    return respond(*told)


def answer_plainly(error: Exception) -> HttpResponse | None:
    """The same answer to a request that did not pass through REST framework."""
    if (told := _told(error)) is None:
        return None
    what, detail, members, headers = told
    body = JSONRenderer().render(body_of(what, detail) | dict(members))
    return HttpResponse(body, status=what.status, headers=dict(headers), content_type=MEDIA_TYPE)


def code_of(error: Exception) -> str:
    """The code of the problem, empty for what is no refusal."""
    told = _told(error)
    return told[0].code if told else ""


def _told(error: Exception) -> tuple[Problem, str, Mapping[str, Any], Mapping[str, str]] | None:
    """The problem, the sentence about this case, further members and headers; None for what is no refusal."""
    if isinstance(error, ProblemError):
        return error.problem, str(error.detail), error.members, error.headers
    found = next((known for kind, known in _OF_THE_FRAMEWORK.items() if isinstance(error, kind)), None)
    return (found, *_said(error), _headers(error)) if found else None


def respond(
    what: Problem, detail: str = "", members: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer as such."""
    body = body_of(what, detail) | dict(members or {})
    return _InJson(body, status=what.status, headers=dict(headers or {}), content_type=MEDIA_TYPE)


def body_of(what: Problem, detail: str = "") -> dict[str, Any]:
    """The members that every problem has."""
    said = {"type": what.type, "title": what.title, "status": int(what.status), "code": what.code}
    return said | {"detail": detail or what.title}


def _said(error: Exception) -> tuple[str, dict[str, Any]]:
    """The sentence about this case, and what more there is to say."""
    if isinstance(error, exceptions.ValidationError):
        return "", {"errors": [mistake._asdict() for mistake in mistakes_in(error.detail, "")]}
    return (str(error.detail), {}) if isinstance(error, exceptions.APIException) else ("", {})


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if scheme := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = scheme
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(ceil(wait))
    return headers
