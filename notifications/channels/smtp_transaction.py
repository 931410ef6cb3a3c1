"""One mail over an open SMTP connection, and what the server's answers mean for it.

Delivery reports are asked for where the server offers them (RFC 3461). A server that refuses our login or our sender
refuses everybody, so that counts as passing: were it permanent, one wrong setting would fail every mail for good.
"""

import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from notifications.channels.base import Outcome, Result
from notifications.channels.mail_form import Recipient
from notifications.channels.mail_status import blames_address, describe, find_status

QUEUED_AS = re.compile(r"queued as ([A-Za-z0-9.-]{4,64})\b")
LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
CLOSING: Final = 421
TOO_BIG: Final = 552
BARE_ADDRESS_REFUSALS: Final = frozenset({550, 551, 553})
"""Answers to an address that mean it is wrong when they carry no enhanced status."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail and its envelope."""

    reference: str
    return_path: str
    recipient: Recipient
    content: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, and whether the connection can carry the next mail."""

    outcome: Outcome
    usable: bool


def transact(server: smtplib.SMTP, mail: Mail) -> Verdict:
    """Hand one mail over. Never raises for what the server does."""
    if mail.recipient.needs_smtputf8 and not server.has_extn("smtputf8"):
        reason = "address needs SMTPUTF8, which our mail server does not offer"
        return Verdict(Outcome(mail.reference, Result.PERMANENT, reason=reason), usable=True)
    try:
        refused = _offer(server, mail)
    except (smtplib.SMTPException, OSError) as error:
        reason = f"connection lost before the message was sent: {name_fault(error)}"
        return Verdict(Outcome(mail.reference, Result.TEMPORARY, reason=reason), usable=False)
    return refused or _await_verdict(server, mail)


def name_fault(error: Exception) -> str:
    """The kind of fault only: the server's own text may name an address or our login."""
    return f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()


def encode_xtext(text: str) -> str:
    """RFC 3461, section 4: `+`, `=` and whatever is not printable ASCII as `+` and two hexadecimal digits."""
    return "".join(letter if "!" <= letter <= "~" and letter not in "+=" else f"+{ord(letter):02X}" for letter in text)


def _offer(server: smtplib.SMTP, mail: Mail) -> Verdict | None:
    """Everything up to the final dot; None when only the answer to it is missing. Raises when cut off before."""
    steps: tuple[tuple[str, Callable[[], tuple[int, bytes]]], ...] = (
        ("sender", lambda: server.mail(mail.return_path, _mail_options(server, mail))),
        ("recipient", lambda: server.rcpt(mail.recipient.path, _recipient_options(server, mail))),
        ("data", lambda: server.docmd("DATA")),
    )
    for step, ask in steps:
        code, reply = ask()
        if code not in (250, 251, 354):
            return Verdict(_judge_refusal(mail, step, code, reply), usable=_start_over(server, code))
    server.send(LEADING_DOT.sub(b"..", mail.content) + b".\r\n")
    return None


def _await_verdict(server: smtplib.SMTP, mail: Mail) -> Verdict:
    """The final dot is on its way: from here on, silence does not mean that the mail was not taken."""
    try:
        code, reply = server.getreply()
    except (smtplib.SMTPException, OSError):
        outcome = Outcome(mail.reference, Result.UNKNOWN, reason="no answer after the message was sent")
        return Verdict(outcome, usable=False)
    if code == 250:
        queued = QUEUED_AS.search(reply.decode("ascii", "replace"))
        outcome = Outcome(mail.reference, Result.ACCEPTED, provider_reference=queued.group(1) if queued else "")
    else:
        outcome = _judge_refusal(mail, "message", code, reply)
    return Verdict(outcome, usable=code not in (CLOSING, -1))


def _start_over(server: smtplib.SMTP, code: int) -> bool:
    """Clear the refused envelope; False where the connection is of no more use."""
    if code in (CLOSING, -1):
        return False
    try:
        return server.rset()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _mail_options(server: smtplib.SMTP, mail: Mail) -> list[str]:
    options = ["SMTPUTF8"] if mail.recipient.needs_smtputf8 else []
    if server.has_extn("dsn"):
        options += ["RET=HDRS", f"ENVID={encode_xtext(mail.reference)}"]
    return options


def _recipient_options(server: smtplib.SMTP, mail: Mail) -> list[str]:
    if not server.has_extn("dsn"):
        return []
    # RFC 6533 has a form for addresses that are not ASCII; leaving ORCPT out loses nothing, as ENVID is ours.
    original = [] if mail.recipient.needs_smtputf8 else [f"ORCPT=rfc822;{encode_xtext(mail.recipient.path)}"]
    return ["NOTIFY=SUCCESS,FAILURE,DELAY", *original]


def _judge_refusal(mail: Mail, step: str, code: int, reply: bytes) -> Outcome:
    status = find_status(reply.decode("ascii", "replace"))
    reason = f"{code} {describe(status)}".strip() + f" ({step})"
    if 500 <= code < 600 and (step in ("recipient", "message") or code == TOO_BIG):
        fault = step == "recipient" and (blames_address(status) if status else code in BARE_ADDRESS_REFUSALS)
        return Outcome(mail.reference, Result.PERMANENT, reason=reason, address_fault=bool(fault))
    if step == "message" and not 400 <= code < 500:
        return Outcome(mail.reference, Result.UNKNOWN, reason=reason)
    return Outcome(mail.reference, Result.TEMPORARY, reason=reason)
