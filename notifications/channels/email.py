"""Mail by SMTP. A copy sent again carries the same Message-ID, so a doubled one is folded by the reader's mailbox."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import ClassVar

from notifications.channels.base import Channel, Message, Outcome, Result
from notifications.channels.mail_form import BadAddressError, Recipient, Sender, UnsendableError, compose
from notifications.channels.mail_server import MailServer
from notifications.channels.smtp_session import SmtpSession
from notifications.channels.smtp_transaction import Mail


class EmailChannel(Channel):
    """Hands mail to one server, over one connection a batch. Its receipts are read by `delivery_reports`."""

    name: ClassVar[str] = "email"
    reports_delivery: ClassVar[bool] = True
    safe_to_resend: ClassVar[bool] = True
    records_each: ClassVar[bool] = False

    def __init__(self, *, server: MailServer, sender: str, bounce_domain: str) -> None:
        """`sender` is `Name <address>`. Raises ChannelMisconfiguredError."""
        self._sender = Sender.parse(sender, bounce_domain)
        # The machine's own name is often none that a mail server would believe, and looking it up may take seconds.
        self._server = replace(server, local_hostname=server.local_hostname or self._sender.bounce_domain)

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        with closing(SmtpSession(self._server)) as session:
            for message in messages:
                yield self._send_one(session, message)

    def _send_one(self, session: SmtpSession, message: Message) -> Outcome:
        try:
            recipient = Recipient.parse(message.address)
            content = compose(message, self._sender, recipient)
        except UnsendableError as error:
            fault = isinstance(error, BadAddressError)
            return Outcome(message.reference, Result.PERMANENT, reason=str(error), address_fault=fault)
        mail = Mail(message.reference, self._sender.return_path(message.reference), recipient, content)
        return session.hand_over(mail)
