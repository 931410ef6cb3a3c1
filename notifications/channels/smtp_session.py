"""One connection for a whole batch of mail, opened with the first and opened again when it is lost."""

import smtplib
from typing import Final

from notifications.channels.base import Outcome, Result
from notifications.channels.mail_server import MailServer
from notifications.channels.smtp_transaction import Mail, name_fault, transact

LOST_IN_A_ROW: Final = 3
"""Connections lost one after another before the rest of a batch is left for later: each may cost a whole time-out."""


class SmtpSession:
    """Hands mails over one after another; what one of them meets does not touch the next."""

    def __init__(self, mail_server: MailServer) -> None:
        self._mail_server = mail_server
        self._server: smtplib.SMTP | None = None
        self._given_up = ""
        self._lost = 0

    def hand_over(self, mail: Mail) -> Outcome:
        """Never raises for what the server does."""
        server = self._connect()
        if server is None:
            return Outcome(mail.reference, Result.TEMPORARY, reason=self._given_up)
        verdict = transact(server, mail)
        if verdict.usable:
            self._lost = 0
        else:
            self._drop(server)
        return verdict.outcome

    def close(self) -> None:
        """Say goodbye; a server that is already gone is no fault."""
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (smtplib.SMTPException, OSError):
                server.close()

    def _connect(self) -> smtplib.SMTP | None:
        if self._server is None and not self._given_up:
            try:
                self._server = self._mail_server.connect()
            except (smtplib.SMTPException, OSError, ValueError) as error:
                self._given_up = f"mail server cannot be used: {name_fault(error)}"
        return self._server

    def _drop(self, server: smtplib.SMTP) -> None:
        server.close()
        self._server = None
        self._lost += 1
        if self._lost >= LOST_IN_A_ROW:
            self._given_up = "mail server keeps closing the connection"
