"""Mail for one server, a batch over one connection, in the best way that the server offers.

Whole mails go out several at once where it takes chunks and many commands together; else one by one, by DATA.
"""

from collections.abc import Iterable, Iterator

from notifications.channels.base import Outcome
from notifications.channels.mail_server import MailServer
from notifications.channels.smtp_access import Access
from notifications.channels.smtp_commands import Mail
from notifications.channels.smtp_in_turn import InTurn
from notifications.channels.smtp_in_windows import InWindows


class SmtpSession:
    """Hands mails over one after another; what one of them meets does not touch the next."""

    def __init__(self, mail_server: MailServer) -> None:
        self._access = Access(mail_server)
        self._in_turn = InTurn(self._access)
        self._in_windows = InWindows(self._access)

    def hand_over(self, mails: Iterable[Mail | Outcome]) -> Iterator[Outcome]:
        """One outcome for each mail; an outcome among the mails is passed on. Never raises for what the server does;
        what `mails` raises comes after the outcome of what has been sent.
        """
        try:
            yield from self._hand_over(mails)
        except Exception:
            yield from self._in_turn.read_what_was_sent()
            yield from self._in_windows.read_what_was_sent()
            raise

    def _hand_over(self, mails: Iterable[Mail | Outcome]) -> Iterator[Outcome]:
        for mail in mails:
            if isinstance(mail, Outcome):
                yield mail
            elif self._access.takes_chunks:
                yield from self._in_turn.finish()
                yield from self._in_windows.take(mail)
            else:
                yield from self._leave_windows()
                yield from self._in_turn.take(mail)
        yield from self._leave_windows()
        yield from self._in_turn.finish()

    @property
    def takes_eight_bits(self) -> bool:
        """Whether the next mail may be written in eight bits; connects in order to know."""
        connection = self._access.connect()
        return connection is not None and connection.takes_eight_bits

    def close(self) -> None:
        """Say goodbye; a server that is already gone is no fault."""
        self._access.close()

    def _leave_windows(self) -> Iterator[Outcome]:
        yield from self._in_windows.finish()
        for mail in self._in_windows.hand_back():
            yield from self._in_turn.take(mail)
