"""Codes for signing in, which are no prompts (docs/design.md, section 2), by text message.

CODE_CARRIER names who carries them, since a floor above knows who serves text messages. Kannel's sendsms interface is
here: posted, not fetched by GET, so that number and wording stay out of every log of addresses.
"""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from typing import Final, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext, override

PATIENCE: Final = 5.0
"""Seconds for connection and answer together: the person is looking at the page meanwhile."""
_LEAST: Final = 0.05
"""Seconds for an answer that may be there already; none at all would be no wait but an error."""
UCS2: Final = "2"


class TextMessageError(Exception):
    """The gateway did not take a message. The text names neither the number nor the wording."""


class Carrier(Protocol):
    """Who carries codes to phones. Nothing that it logs or keeps names the number or the code."""

    def send_code(self, phone: str, code: str, language: str) -> None:
        """Hand the code over for a number in E.164; returns once it was taken. Raises TextMessageError."""

    def check(self) -> None:
        """Find out whether a code could be handed over, and send nothing. Raises TextMessageError."""


class KannelCarrier:
    """Kannel alone, at KANNEL_URL."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._seconds = seconds

    def send_code(self, phone: str, code: str, language: str) -> None:
        send_text_message(phone, code_text(code, language), self._seconds)

    def check(self) -> None:
        check_gateway(self._seconds)


def find_carrier() -> Carrier:
    """Whom CODE_CARRIER names by its dotted path, new."""
    carrier: Carrier = import_string(settings.CODE_CARRIER)()
    return carrier


def code_text(code: str, language: str) -> str:
    """The text message that carries a code; one segment: 160 letters of the GSM alphabet, or 70 of any other."""
    with override(language):
        # Translators: a text message. At most 70 characters in Chinese, with the word 验证码 or 驗證碼 in it: by that
        # word phones know a code and offer to fill it in.
        words = gettext("%(code)s is your Dueproof code, valid for %(minutes)d minutes. We never ask you to tell it.")
    return words % {"code": code, "minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60}


def send_text_message(phone: str, text: str, seconds: float = PATIENCE) -> None:
    """Hand one text to the gateway for a number in E.164; returns once it was taken. Raises TextMessageError, also
    where it has not answered after so many seconds.
    """
    connection, target = _connection(seconds)
    until = monotonic() + seconds
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "X-Kannel-Username": settings.KANNEL_USERNAME,
        "X-Kannel-Password": settings.KANNEL_PASSWORD,
        "X-Kannel-From": settings.SMS_SENDER,
        "X-Kannel-To": phone,
    }
    if not text.isascii():
        headers["X-Kannel-Coding"] = UCS2
    try:
        connection.connect()
        connection.sock.settimeout(max(until - monotonic(), _LEAST))
        connection.request("POST", target, body=text.encode(), headers=headers)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise _unanswered(error) from error
    finally:
        connection.close()
    if status != 202:
        raise TextMessageError(f"The text message gateway answered {status} instead of 202 (taken).")


def check_gateway(seconds: float = PATIENCE) -> None:
    """Connect to the gateway and send nothing. Raises TextMessageError."""
    connection, _target = _connection(seconds)
    try:
        connection.connect()
    except OSError as error:
        raise _unanswered(error) from error
    finally:
        connection.close()


def _connection(seconds: float) -> tuple[HTTPConnection, str]:
    """A connection that is not open yet, and what to ask for on it."""
    try:
        address = urlsplit(settings.KANNEL_URL)
        kind = {"http": HTTPConnection, "https": HTTPSConnection}[address.scheme]
        return kind(address.hostname or "", address.port, timeout=seconds), address.path or "/"
    except (KeyError, ValueError, HTTPException) as error:
        raise TextMessageError("KANNEL_URL is not an http(s) address: set it to that of sendsms.") from error


def _unanswered(error: Exception) -> TextMessageError:
    return TextMessageError(f"The text message gateway gave no answer: {type(error).__name__}. Is it up?")
