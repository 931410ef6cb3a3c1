"""What a mail server's answers mean for a mail.

A server that refuses our login or our sender refuses everybody, so that counts as passing: were it permanent, one wrong
setting would fail every mail for good. So does one that answers to a recipient that it does not relay for us.
"""

import re
import smtplib
from enum import StrEnum
from typing import Final

from notifications.channels.base import Outcome, Result
from notifications.channels.mail_status import blames_address, describe, find_status

QUEUED_AS = re.compile(rb"queued as ([A-Za-z0-9.-]{4,64})\b")
GOODBYE: Final = 421
CLOSING: Final = frozenset({GOODBYE, -1})
"""The server hangs up, or speaks no SMTP."""
REFUSALS: Final = range(400, 600)
TOO_BIG: Final = 552
NO_SUCH_COMMAND: Final = frozenset({500, 501, 502, 503, 504})
"""The server does not know a command, or not here (RFC 5321, 4.2.2); it says nothing of the mail."""
FAULTS: Final = (smtplib.SMTPException, OSError)
"""What the library raises when a conversation breaks off."""
BARE_ADDRESS_REFUSALS: Final = frozenset({550, 551, 553})
"""Answers to an address that mean it is wrong when they carry no enhanced status."""


AUTHENTICATION_REQUIRED: Final = 530
"""RFC 4954, 6."""
NOT_FOR_US: Final = re.compile(rb"relay|authenti", re.IGNORECASE)
"""In the words of a refusal without an enhanced status: Exim's "relay not permitted", Sendmail's "Relaying denied"."""


class Step(StrEnum):
    """What an answer is to."""

    RESET = "reset"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"
    MESSAGE = "message"


EXPECTED: Final = {
    Step.SENDER: frozenset({250}),
    Step.RECIPIENT: frozenset({250, 251}),
    Step.DATA: frozenset({354}),
}


def judge_message(reference: str, code: int, reply: bytes) -> Outcome:
    """The answer to a whole message."""
    if code == 250:
        queued = QUEUED_AS.search(reply)
        return Outcome(reference, Result.ACCEPTED, provider_reference=queued.group(1).decode() if queued else "")
    return judge_refusal(reference, Step.MESSAGE, code, reply)


def judge_refusal(reference: str, step: Step, code: int, reply: bytes) -> Outcome:
    """An answer that was not the expected one. The reason has codes only: the server's text may name the address."""
    status = find_status(reply.decode("ascii", "replace"))
    reason = f"{code} {describe(status)}".strip() + f" ({step})"
    if step is Step.RECIPIENT and _refuses_us(code, status, reply):
        return Outcome(reference, Result.TEMPORARY, reason=reason)
    if 500 <= code < 600 and (step in (Step.RECIPIENT, Step.MESSAGE) or code == TOO_BIG):
        fault = step is Step.RECIPIENT and (blames_address(status) if status else code in BARE_ADDRESS_REFUSALS)
        return Outcome(reference, Result.PERMANENT, reason=reason, address_fault=bool(fault))
    if step is Step.MESSAGE and not 400 <= code < 500:
        return Outcome(reference, Result.UNKNOWN, reason=reason)
    return Outcome(reference, Result.TEMPORARY, reason=reason)


def _refuses_us(code: int, status: str, reply: bytes) -> bool:
    """Whether an answer to a recipient speaks of our login or of policy (RFC 3463, X.7), and not of the address."""
    if code == AUTHENTICATION_REQUIRED or code in NO_SUCH_COMMAND:
        return True
    return status.startswith("5.7.") if status else bool(NOT_FOR_US.search(reply))


def name_fault(error: Exception) -> str:
    """The kind of fault only: the server's own text may name an address or our login."""
    return f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()
