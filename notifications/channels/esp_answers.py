"""What becomes of a mail at a firm that takes it by web interface, in anymail's words and errors.

Whatever a firm refuses without blaming the address counts as passing: it may be our key, our sender or our haste, and
were it for good, one wrong setting would fail every mail.
"""

import ssl
from collections.abc import Iterator
from typing import Any, Final

import requests
import urllib3.exceptions
from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from anymail.message import AnymailStatus

from notifications.channels.base import Outcome, Result

RESULTS: Final = {
    "sent": Result.ACCEPTED,
    "queued": Result.ACCEPTED,
    "invalid": Result.PERMANENT,
    "rejected": Result.PERMANENT,
    "failed": Result.TEMPORARY,
    "unknown": Result.UNKNOWN,
}
"""anymail's word for what became of one recipient."""
REASONS: Final = {
    "invalid": "address is refused as invalid",
    "rejected": "provider refuses to send to this address, or from us",
    "failed": "provider could not send it",
    "unknown": "provider did not say what became of it",
}

TOO_BIG: Final = 413
NOT_TAKEN: Final = frozenset({301, 302, 303, 307, 308, *range(400, 500)})
"""Any 5xx leaves open whether the mail went on before it."""
UNREACHED: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NameResolutionError,
    ssl.SSLCertVerificationError,
)
"""What ends a conversation before anything was asked."""
LATE: Final = (urllib3.exceptions.ReadTimeoutError, TimeoutError)
"""What ends one after that: the answer was not there, or not whole, in time."""


def judge_status(reference: str, status: AnymailStatus) -> Outcome:
    """What anymail made of the answer to a mail with one recipient."""
    words = {recipient.status for recipient in status.recipients.values()}
    word = words.pop() if len(words) == 1 else "unknown"
    result = RESULTS.get(word, Result.UNKNOWN)
    if result is Result.ACCEPTED:
        return Outcome(reference, result, provider_reference=read_message_id(status.message_id))
    reason = REASONS.get(word, REASONS["unknown"])
    # A list of refused addresses also holds those whose reader once complained: the address may be good.
    # No other firm writes to them either.
    return Outcome(reference, result, reason=reason, address_fault=word == "invalid", opted_out=word == "rejected")


def judge_error(reference: str, error: Exception, status: AnymailStatus) -> Outcome:
    """What anymail raised. The reason names the kind of error only: its text quotes the mail."""
    kind = _name(error)
    if isinstance(error, AnymailRecipientsRefused):
        return judge_status(reference, status)
    if isinstance(error, AnymailInvalidAddress):
        return Outcome(reference, Result.PERMANENT, reason="address cannot be written")
    if isinstance(error, UnicodeEncodeError):
        return Outcome(reference, Result.PERMANENT, reason="wording cannot be written as mail")
    if isinstance(error, AnymailUnsupportedFeature | AnymailSerializationError):
        return Outcome(reference, Result.TEMPORARY, reason=f"not asked, as the provider cannot carry it: {kind}")
    if any(isinstance(cause, requests.TooManyRedirects) for cause in _causes(error)):
        return Outcome(reference, Result.TEMPORARY, reason="provider sends us to another address")
    if (code := _status_code(error)) is not None:
        return _judge_code(reference, code)
    if any(isinstance(cause, UNREACHED) for cause in _causes(error)):
        return Outcome(reference, Result.TEMPORARY, reason=f"provider cannot be reached: {kind}")
    if any(isinstance(cause, LATE) for cause in _causes(error)):
        return Outcome(reference, Result.UNKNOWN, reason="no answer after the request was sent: time-out")
    return Outcome(reference, Result.UNKNOWN, reason=f"no answer that can be read: {kind}")


def read_message_id(value: object) -> str:
    """The provider's name for a mail; empty where it is none that we can keep."""
    text = value if isinstance(value, str) else ""
    return text if text.isascii() and text.isprintable() else ""


def _judge_code(reference: str, code: int) -> Outcome:
    if code == TOO_BIG:
        return Outcome(reference, Result.PERMANENT, reason=f"{code} mail is too big")
    result = Result.TEMPORARY if code in NOT_TAKEN else Result.UNKNOWN
    return Outcome(reference, result, reason=str(code))


def _status_code(error: Exception) -> int | None:
    """Of an answer by HTTP, or as Amazon's client keeps it."""
    if not isinstance(error, AnymailError):
        return None
    code: Any = getattr(error, "status_code", None)
    answer: Any = getattr(error, "response", None)
    if code is None and isinstance(answer, dict):
        metadata = answer.get("ResponseMetadata")
        code = metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None
    return code if isinstance(code, int) else None


def _name(error: Exception) -> str:
    """anymail makes a class of each of `requests`' errors at run time; the original says more."""
    cause = error.__cause__
    return type(cause if isinstance(cause, requests.RequestException) else error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and what urllib3 keeps inside its own errors."""
    pending, seen = [error], set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        pending += [item for item in inner if isinstance(item, BaseException)]
