"""Addresses as SMTP takes them, and those that make our mail come back to us."""

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import parseaddr
from functools import lru_cache
from typing import NamedTuple, Self

import idna

from notifications.channels.base import ChannelMisconfiguredError

# What may stand unquoted before the @ (RFC 5322's dot-atom, and RFC 6532's letters outside ASCII).
LOCAL_PART = re.compile(r"[^\s\x00-\x1f\x7f\"(),:;<>@\[\]\\]{1,64}")
PATH_LIMIT = 254


class BadAddressError(ValueError):
    """No mail can be sent to this address. The text says why without naming it."""


@lru_cache(maxsize=4096)
def _write_in_ascii(domain: str) -> str:
    """Few domains have most addresses, and checking one costs as much as writing the rest of the mail."""
    return idna.encode(domain, uts46=True).decode("ascii")


class Recipient(NamedTuple):
    """An address: the domain in ASCII, the local part as its owner wrote it."""

    local: str
    domain: str

    @classmethod
    def parse(cls, address: str) -> Self:
        """Raises BadAddressError for anything but one plain `local@domain`."""
        local, _, domain = address.strip().rpartition("@")
        if not LOCAL_PART.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
            raise BadAddressError("address is malformed before its @")
        try:
            octets = len(local.encode())
            ascii_domain = _write_in_ascii(domain)
        except (idna.IDNAError, UnicodeError):
            raise BadAddressError("address cannot be written") from None
        if octets > 64 or octets + 1 + len(ascii_domain) > PATH_LIMIT:
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
    """Who our mail is from, as a finished header line, and the domain that its bounces come back to."""

    from_line: str
    bounce_domain: str

    @classmethod
    def parse(cls, sender: str, bounce_domain: str) -> Self:
        """`sender` is `Name <address>`. Raises ChannelMisconfiguredError."""
        name, address = parseaddr(sender)
        try:
            author = Address(name, addr_spec=Recipient.parse(address).path)
            domain = _write_in_ascii(bounce_domain)
            from_line = SMTP.fold("From", SMTP.header_factory("From", author))
        except (ValueError, idna.IDNAError) as error:
            raise ChannelMisconfiguredError(
                "Mail needs DEFAULT_FROM_EMAIL as 'Name <address>' and BOUNCE_DOMAIN as a domain: set both."
            ) from error
        return cls(from_line, domain)

    def return_path(self, reference: str) -> str:
        """Where a bounce of this message comes back, so that even one without any other trace finds its delivery."""
        return f"bounce+{reference}@{self.bounce_domain}"

    def message_id(self, reference: str) -> str:
        """The same on every sending, so that a mailbox shows a message once that came twice."""
        return f"<{reference}@{self.bounce_domain}>"
