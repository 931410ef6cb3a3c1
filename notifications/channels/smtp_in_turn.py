"""Mails by DATA, one after another.

Where the server allows it (RFC 2920), a mail's content and the next mail's commands go out together, so that a mail
costs one round trip and not four; and what the server says is read when the mail after that has been written, so that
nobody waits for it. The next mail's own content only goes out once this one's outcome has been read.
"""

from collections.abc import Iterator

from notifications.channels.base import Outcome
from notifications.channels.smtp_access import Access
from notifications.channels.smtp_commands import Mail
from notifications.channels.smtp_connection import Connection, Exchange


class InTurn:
    """Keeps one mail that the server waits for, and one exchange whose replies are not read yet."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._offered: Mail | None = None
        self._exchange: tuple[Connection, Exchange, Mail | None] | None = None

    def take(self, mail: Mail) -> Iterator[Outcome]:
        """What became known meanwhile of this mail or earlier ones."""
        if self._exchange:
            yield from self._read_on()
        if self._offered is None:
            refused = self._offer(mail)
            if refused is not None:
                yield refused
            self._offered = mail if refused is None else None
        else:
            self._begin_to_finish(self._offered, mail)

    def finish(self) -> Iterator[Outcome]:
        """What became of all that were taken and of which nothing was said yet."""
        while self._offered or self._exchange:
            if self._exchange is None and self._offered:
                self._begin_to_finish(self._offered, None)
            yield from self._read_on()

    def read_what_was_sent(self) -> Iterator[Outcome]:
        """What became of those whose content went out; nothing more goes out."""
        if self._exchange:
            connection, exchange, _following = self._exchange
            self._exchange = None
            yield connection.finish(exchange)[0]

    def _offer(self, mail: Mail) -> Outcome | None:
        """None where the server now waits for the content."""
        connection = self._access.connect_for(mail)
        if isinstance(connection, Outcome):
            return connection
        refused = connection.offer(mail)
        self._access.look_after(connection)
        return refused

    def _begin_to_finish(self, offered: Mail, following: Mail | None) -> None:
        """Send the offered mail's content. The following is what `_read_on` goes on with, whether it could go along."""
        connection = self._access.connect()
        if connection is None:
            raise RuntimeError("A mail was offered on no connection.")
        together = following if following and connection.pipelines and connection.can_take(following) else None
        self._offered = None
        self._exchange = connection, connection.begin_to_finish(offered, together), following

    def _read_on(self) -> Iterator[Outcome]:
        """What became of those before the mail for whose content the server waits now, if it waits for any."""
        if self._exchange is None:
            raise RuntimeError("Nothing was sent that could be answered.")
        (connection, exchange, following), self._exchange = self._exchange, None
        outcome, answered, refused = connection.finish(exchange)
        self._access.look_after(connection)
        if following and not answered:
            refused = self._offer(following)
        self._offered = following if refused is None else None
        yield outcome
        if refused is not None:
            yield refused
