"""A real SMTP server that keeps what it was given."""

import re
from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mailbox:
    """`mails` in order of arrival."""

    mails: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        mail = message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def text(self, index: int = -1) -> str:
        return str(self.mails[index].get_content())

    def last_link(self) -> str:
        """The path of the link in the newest mail that has one."""
        for mail in reversed(self.mails):
            if found := re.search(r"http://testserver(/\S+)", str(mail.get_content())):
                return found.group(1)
        raise AssertionError("no mail has a link")


class FreePortController(Controller):
    """Told port 0, aiosmtpd listens on a free port but then looks for itself on port 0."""

    def _trigger_server(self) -> None:
        self.port = cast("Server", self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd has no types


@contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    """Serve on a free port until the block ends."""
    mailbox = Mailbox()
    controller = FreePortController(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        mailbox.port = controller.port
        yield mailbox
    finally:
        controller.stop()
