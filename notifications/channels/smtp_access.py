"""The way to one mail server for a whole batch: a connection opened with the first mail and again when it is lost."""

from typing import Final

from notifications.channels.base import Outcome, Result
from notifications.channels.mail_server import MailServer
from notifications.channels.smtp_commands import Mail
from notifications.channels.smtp_connection import Connection
from notifications.channels.smtp_line import Chunks, Line
from notifications.channels.smtp_replies import FAULTS, name_fault

LOST_IN_A_ROW: Final = 3
"""Connections lost one after another before the rest of a batch is left for later: each may cost a whole time-out."""


class Access:
    """Holds one connection at a time. A server that has made nothing of a chunk gets none for the rest of the batch."""

    def __init__(self, mail_server: MailServer) -> None:
        self._mail_server = mail_server
        self._connection: Connection | None = None
        self._given_up = ""
        self._lost = 0
        self._without_chunks = False

    @property
    def takes_chunks(self) -> bool:
        """Whether the next mail may go in a window; connects in order to know."""
        connection = self.connect()
        return connection is not None and not self._without_chunks and connection.takes_chunks

    def connect(self) -> Connection | None:
        """None once this batch has given the server up."""
        if self._connection is None and not self._given_up:
            try:
                self._connection = Connection(self._mail_server.connect())
            except (*FAULTS, ValueError) as error:
                self._given_up = f"mail server cannot be used: {name_fault(error)}"
        return self._connection

    def connect_for(self, mail: Mail) -> Connection | Outcome:
        """A connection over which this mail can go, or why there is none."""
        connection = self.connect()
        if connection is None:
            return Outcome(mail.reference, Result.TEMPORARY, reason=self._given_up)
        if not connection.can_reach(mail):
            reason = "address needs SMTPUTF8, which our mail server does not offer"
            result = Result.PERMANENT if connection.abilities.extended else Result.TEMPORARY
            return Outcome(mail.reference, result, reason=reason)
        if not connection.can_take(mail):
            reason = "mail was written for a server that takes eight bits, and this one does not"
            return Outcome(mail.reference, Result.TEMPORARY, reason=reason)
        return connection

    def look_after(self, line: Line) -> None:
        """To be called whenever replies were read from it; one that broke is closed when nothing of it is unread."""
        if line.chunks is Chunks.REFUSED:
            self._without_chunks = True
        if line is not self._connection:
            return
        if line.usable:
            self._lost = 0
            return
        if line.unread:
            return
        self.close()
        self._lost += 1
        if self._lost >= LOST_IN_A_ROW:
            self._given_up = "mail server keeps closing the connection"

    def close(self) -> None:
        """Say goodbye; a server that is already gone is no fault."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
