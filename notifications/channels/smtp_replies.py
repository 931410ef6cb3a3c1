"""What a mail server's answers mean for a mail.

A server that refuses our login or our sender refuses everybody, so that counts as passing: were it permanent, one wrong
setting would fail every mail for good. So does one that answers to a recipient that it does not relay for us, that our
sender cannot be verified or that we have sent enough; and one whose words, where it gives no status, name no address.
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
NOT_FOR_US: Final = re.compile(
    rb"relay|authenti|sender|verif|prohibit|denied|helo|exceed|limit|quota|too many|block|polic|spam", re.IGNORECASE
)
"""In the words of a refusal without an enhanced status: Exim's "relay not permitted" and "Sender verify failed",
Sendmail's "Relaying denied", a host's "max emails per hour"."""
ABOUT_ADDRESS: Final = re.compile(
    rb"user|mailbox|recipient|address|account|unknown|exist|no such|nobody|invalid", re.IGNORECASE
)
"""One of these is in each refusal of an address: Exim's "Unrouteable address", "No such user here"."""
OF_OUR_SENDER: Final = frozenset({"5.1.7", "5.1.8"})
NO_DETAIL: Final = frozenset({"", "5.0.0", "5.1.0"})
"""What the answer is about is in its words alone."""
OF_THIS_MESSAGE: Final = ("5.1.", "5.2.", "5.3.4", "5.6.")
"""Its reader cannot be reached, it is too big or cannot be read; any other refusal of a message is one of its sender,
of the way or of policy.
"""


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
    if _refuses_us(step, code, status, reply):
        return Outcome(reference, Result.TEMPORARY, reason=reason)
    if 500 <= code < 600 and (step in (Step.RECIPIENT, Step.MESSAGE) or code == TOO_BIG):
        fault = step is Step.RECIPIENT and (blames_address(status) if status else code in BARE_ADDRESS_REFUSALS)
        return Outcome(reference, Result.PERMANENT, reason=reason, address_fault=bool(fault))
    if step is Step.MESSAGE and not 400 <= code < 500:
        return Outcome(reference, Result.UNKNOWN, reason=reason)
    return Outcome(reference, Result.TEMPORARY, reason=reason)


def _refuses_us(step: Step, code: int, status: str, reply: bytes) -> bool:
    """Whether an answer to a recipient or a message speaks of us or of policy (RFC 3463, X.7), and not of either."""
    if step is Step.MESSAGE:
        of_the_message = code == TOO_BIG or (status.startswith(OF_THIS_MESSAGE) and status not in OF_OUR_SENDER)
        return 500 <= code < 600 and not of_the_message
    if step is not Step.RECIPIENT:
        return False
    if code == AUTHENTICATION_REQUIRED or code in NO_SUCH_COMMAND:
        return True
    if status not in NO_DETAIL:
        return status.startswith("5.7.") or status in OF_OUR_SENDER
    return bool(NOT_FOR_US.search(reply)) or not (status or ABOUT_ADDRESS.search(reply))


def name_fault(error: Exception) -> str:
    """The kind of fault only: the server's own text may name an address or our login."""
    return f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()
