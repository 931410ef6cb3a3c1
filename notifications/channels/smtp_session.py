"""One connection for a whole batch of mail, opened with the first and opened again when it is lost.

Where the server allows it (RFC 2920), a mail's content and the next mail's commands go out together, so that a mail
costs one round trip and not four; and what the server says is read when the mail after that has been written, so that
nobody waits for it. The next mail's own content only goes out once this one's outcome has been read.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from notifications.channels.base import Outcome, Result
from notifications.channels.mail_server import MailServer
from notifications.channels.smtp_commands import Mail
from notifications.channels.smtp_connection import Connection, Exchange
from notifications.channels.smtp_replies import FAULTS, name_fault

LOST_IN_A_ROW: Final = 3
"""Connections lost one after another before the rest of a batch is left for later: each may cost a whole time-out."""


class SmtpSession:
    """Hands mails over one after another; what one of them meets does not touch the next."""

    def __init__(self, mail_server: MailServer) -> None:
        self._mail_server = mail_server
        self._connection: Connection | None = None
        self._exchange: tuple[Connection, Exchange, Mail | None] | None = None
        self._given_up = ""
        self._lost = 0

    def hand_over(self, mails: Iterable[Mail | Outcome]) -> Iterator[Outcome]:
        """One outcome for each mail; an outcome among the mails is passed on. Never raises for what the server does;
        what `mails` raises comes after the outcome of what has been sent.
        """
        try:
            yield from self._hand_over(mails)
        except Exception:
            if self._exchange:
                connection, exchange, _following = self._exchange
                self._exchange = None
                yield connection.finish(exchange)[0]
            raise

    def _hand_over(self, mails: Iterable[Mail | Outcome]) -> Iterator[Outcome]:
        offered: Mail | None = None
        for mail in mails:
            if isinstance(mail, Outcome):
                yield mail
                continue
            if self._exchange:
                offered, outcomes = self._read_on()
                yield from outcomes
            if offered is None:
                refused = self._offer(mail)
                if refused is not None:
                    yield refused
                offered = mail if refused is None else None
            else:
                self._begin_to_finish(offered, mail)
        while offered or self._exchange:
            if self._exchange is None and offered:
                self._begin_to_finish(offered, None)
            offered, outcomes = self._read_on()
            yield from outcomes

    @property
    def takes_eight_bits(self) -> bool:
        """Whether the next mail may be written in eight bits; connects in order to know."""
        connection = self._connect()
        return connection is not None and connection.takes_eight_bits

    def close(self) -> None:
        """Say goodbye; a server that is already gone is no fault."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _offer(self, mail: Mail) -> Outcome | None:
        """None where the server now waits for the content."""
        connection = self._connect()
        if connection is None:
            return Outcome(mail.reference, Result.TEMPORARY, reason=self._given_up)
        if not connection.can_reach(mail):
            reason = "address needs SMTPUTF8, which our mail server does not offer"
            return Outcome(mail.reference, Result.PERMANENT, reason=reason)
        if not connection.can_take(mail):
            reason = "mail was written for a server that takes eight bits, and this one does not"
            return Outcome(mail.reference, Result.TEMPORARY, reason=reason)
        refused = connection.offer(mail)
        self._look_after(connection)
        return refused

    def _begin_to_finish(self, offered: Mail, following: Mail | None) -> None:
        """Send the offered mail's content. The following is what `_read_on` goes on with, whether it could go along."""
        connection = self._connection
        if connection is None:
            raise RuntimeError("A mail was offered on no connection.")
        together = following if following and connection.pipelines and connection.can_take(following) else None
        self._exchange = connection, connection.begin_to_finish(offered, together), following

    def _read_on(self) -> tuple[Mail | None, list[Outcome]]:
        """The mail for whose content the server waits now, if any, and what became of those before it."""
        if self._exchange is None:
            raise RuntimeError("Nothing was sent that could be answered.")
        (connection, exchange, following), self._exchange = self._exchange, None
        outcome, answered, refused = connection.finish(exchange)
        self._look_after(connection)
        outcomes = [outcome]
        if following and not answered:
            refused = self._offer(following)
        if refused is not None:
            outcomes.append(refused)
        return (following if refused is None else None), outcomes

    def _connect(self) -> Connection | None:
        if self._connection is None and not self._given_up:
            try:
                self._connection = Connection(self._mail_server.connect())
            except (*FAULTS, ValueError) as error:
                self._given_up = f"mail server cannot be used: {name_fault(error)}"
        return self._connection

    def _look_after(self, connection: Connection) -> None:
        if connection.usable:
            self._lost = 0
            return
        self.close()
        self._lost += 1
        if self._lost >= LOST_IN_A_ROW:
            self._given_up = "mail server keeps closing the connection"
