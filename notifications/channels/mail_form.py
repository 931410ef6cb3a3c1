"""A message as mail: who it is from, what makes it recognisable again, and nothing that could inject a header."""

import re
import unicodedata
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, parseaddr
from typing import Self

import idna

from notifications.channels.base import ChannelMisconfiguredError, Message

# Seven bits everywhere: no server on the way may need 8BITMIME for the wording.
ASCII_HEADERS = policy.SMTP.clone(cte_type="7bit")
UTF8_HEADERS = policy.SMTPUTF8.clone(cte_type="7bit")

LOCAL_PART = re.compile(r"[^\s\x00-\x1f\x7f\"(),:;<>@\[\]\\]{1,64}")
PATH_LIMIT = 254


class UnsendableError(ValueError):
    """This message can never go out as mail. The text says why and names neither address nor wording."""


class BadAddressError(UnsendableError):
    """It is the address that makes it so."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address as SMTP takes it: the domain in ASCII, the local part as its owner wrote it."""

    local: str
    domain: str

    @classmethod
    def parse(cls, address: str) -> Self:
        """Raises BadAddressError for anything but one plain `local@domain`."""
        local, _, domain = address.strip().rpartition("@")
        if not LOCAL_PART.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
            raise BadAddressError("address is malformed before its @")
        try:
            ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise BadAddressError("address is malformed after its @") from None
        if len(local.encode()) > 64 or len(local.encode()) + 1 + len(ascii_domain) > PATH_LIMIT:
            raise BadAddressError("address is too long for mail")
        return cls(local, ascii_domain)

    @property
    def path(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        return not self.local.isascii()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who our mail is from, and the domain that its bounces come back to."""

    name: str
    address: str
    bounce_domain: str

    @classmethod
    def parse(cls, sender: str, bounce_domain: str) -> Self:
        """`sender` is `Name <address>`. Raises ChannelMisconfiguredError."""
        name, address = parseaddr(sender)
        try:
            path = Recipient.parse(address).path
            domain = idna.encode(bounce_domain, uts46=True).decode("ascii")
        except (UnsendableError, idna.IDNAError, UnicodeError) as error:
            raise ChannelMisconfiguredError(
                "Mail needs DEFAULT_FROM_EMAIL as 'Name <address>' and BOUNCE_DOMAIN as a domain: set both."
            ) from error
        return cls(name, path, domain)

    def return_path(self, reference: str) -> str:
        """Where a bounce of this message comes back, so that even one without any other trace finds its delivery."""
        return f"bounce+{reference}@{self.bounce_domain}"

    def message_id(self, reference: str) -> str:
        """The same on every sending, so that a mailbox shows a message once that came twice."""
        return f"<{reference}@{self.bounce_domain}>"


def compose(message: Message, sender: Sender, recipient: Recipient) -> bytes:
    """The mail's bytes, lines ended by CRLF. Raises UnsendableError where the wording cannot be written."""
    try:
        mail = EmailMessage(policy=UTF8_HEADERS if recipient.needs_smtputf8 else ASCII_HEADERS)
        _write_headers(mail, message, sender, recipient)
        mail.set_content(message.text)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        # Only now: writing a body drops every Content- header that was there before.
        mail["Content-Language"] = flatten(message.language)
        return mail.as_bytes()
    except (ValueError, MessageError):
        raise UnsendableError("wording cannot be written as mail") from None


def _write_headers(mail: EmailMessage, message: Message, sender: Sender, recipient: Recipient) -> None:
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(username=recipient.local, domain=recipient.domain)
    mail["Subject"] = flatten(message.subject)
    mail["Date"] = localtime()
    mail["Message-ID"] = sender.message_id(message.reference)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"


def flatten(text: str) -> str:
    """The text as one line without control characters, so that it stays inside its header."""
    return "".join(letter for letter in " ".join(text.split()) if unicodedata.category(letter) != "Cc")
