"""What one mail is to a server: its commands, and its content after DATA (RFC 5321) or in one chunk (RFC 3030).

Delivery reports are asked for where the server has them (RFC 3461).
"""

import re
import smtplib
from dataclasses import dataclass
from typing import NamedTuple, Self

from notifications.channels.mail_address import Recipient

NOT_XTEXT = re.compile(r"[^!-~]|[+=]")


class Mail(NamedTuple):
    """One mail and its envelope."""

    reference: str
    return_path: str
    recipient: Recipient
    content: bytes

    @property
    def needs_eight_bits(self) -> bool:
        return self.recipient.needs_smtputf8 or not self.content.isascii()


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server said that it can do, and that we make use of.

    One that is not `extended` has refused EHLO and told nothing: it may still be able to.
    """

    extended: bool
    reports: bool
    other_letters: bool
    eight_bits: bool
    pipelining: bool
    chunking: bool

    @classmethod
    def of(cls, server: smtplib.SMTP) -> Self:
        return cls(
            extended=server.does_esmtp,
            reports=server.has_extn("dsn"),
            other_letters=server.has_extn("smtputf8"),
            eight_bits=server.has_extn("8bitmime") or server.has_extn("smtputf8"),  # RFC 6531: never without
            pipelining=server.has_extn("pipelining"),
            chunking=server.has_extn("chunking"),
        )


def write_commands(mail: Mail, abilities: Abilities) -> list[bytes]:
    """MAIL, RCPT and DATA for a mail that the server is able to take."""
    return [*(f"{line}\r\n".encode() for line in _write_envelope(mail, abilities)), b"DATA\r\n"]


def write_in_one_chunk(mail: Mail, abilities: Abilities) -> bytes:
    """All of a mail, for a server with CHUNKING that is able to take it: RSET, MAIL, RCPT, BDAT and the content.

    RFC 3030 leaves open whether a refused mail is still begun when the next one comes; RFC 5321 would then have the
    next sender refused, and the next recipient added to the mail before. RSET ends it in either case.
    """
    sender, recipient = _write_envelope(mail, abilities)
    return f"RSET\r\n{sender}\r\n{recipient}\r\nBDAT {len(mail.content)} LAST\r\n".encode() + mail.content


def write_content(mail: Mail) -> bytes:
    """The mail as it goes after DATA: leading dots doubled, and the final dot (RFC 5321, 4.5.2)."""
    content = mail.content
    if b"\r\n." in content:
        content = content.replace(b"\r\n.", b"\r\n..")
    return content + b".\r\n"


def _write_envelope(mail: Mail, abilities: Abilities) -> tuple[str, str]:
    sender = [f"MAIL FROM:<{mail.return_path}>"]
    recipient = [f"RCPT TO:<{mail.recipient.path}>"]
    if mail.recipient.needs_smtputf8:
        sender += ["SMTPUTF8"]
    if mail.needs_eight_bits:
        sender += ["BODY=8BITMIME"]
    if abilities.reports:
        sender += ["RET=HDRS", f"ENVID={encode_xtext(mail.reference)}"]
        recipient += ["NOTIFY=SUCCESS,FAILURE,DELAY"]
        # RFC 6533 has a form for addresses that are not ASCII; leaving ORCPT out loses nothing, as ENVID is ours.
        recipient += [] if mail.recipient.needs_smtputf8 else [f"ORCPT=rfc822;{encode_xtext(mail.recipient.path)}"]
    return " ".join(sender), " ".join(recipient)


def encode_xtext(text: str) -> str:
    """RFC 3461, section 4: `+`, `=` and whatever is not printable ASCII as `+` and two hexadecimal digits."""
    return NOT_XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", text)
