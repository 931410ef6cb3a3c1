"""Mail by SMTP. A copy sent again carries the same Message-ID, so a doubled one is folded by the reader's mailbox."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import ClassVar

from notifications.channels.base import Channel, Message, Outcome, Result
from notifications.channels.mail_address import BadAddressError, Recipient, Sender
from notifications.channels.mail_form import UnsendableError, compose
from notifications.channels.mail_server import MailServer
from notifications.channels.smtp_commands import Mail
from notifications.channels.smtp_session import SmtpSession


class EmailChannel(Channel):
    """Hands mail to one server, over one connection a batch. Its receipts are read by `delivery_reports`."""

    name: ClassVar[str] = "email"
    provider: ClassVar[str] = "smtp"
    safe_to_resend: ClassVar[bool] = True

    def __init__(self, *, server: MailServer, sender: str, bounce_domain: str) -> None:
        """`sender` is `Name <address>`. Raises ChannelMisconfiguredError."""
        self._sender = Sender.parse(sender, bounce_domain)
        # The machine's own name is often none that a mail server would believe, and looking it up may take seconds.
        self._server = replace(server, local_hostname=server.local_hostname or self._sender.bounce_domain)

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        with closing(SmtpSession(self._server)) as session:
            yield from session.hand_over(self._prepare(message, session.takes_eight_bits) for message in messages)

    def _prepare(self, message: Message, eight_bits: bool) -> Mail | Outcome:
        try:
            recipient = Recipient.parse(message.address)
            content = compose(message, self._sender, recipient, eight_bits=eight_bits)
        except (BadAddressError, UnsendableError) as error:
            fault = isinstance(error, BadAddressError)
            return Outcome(message.reference, Result.PERMANENT, reason=str(error), address_fault=fault)
        return Mail(message.reference, self._sender.return_path(message.reference), recipient, content)
