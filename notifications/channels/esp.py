"""Mail through a firm's web interface, by django-anymail: one backend of its for each of more than a dozen firms.

Some of those firms give a mail a Message-ID of their own, so a doubled one would not be folded by the reader's mailbox.
The class answers for all of them: whatever may have been taken is UNKNOWN and is not safe to send again.
"""

import logging
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, Final

from anymail.backends.base import AnymailBaseBackend
from anymail.message import AnymailMessage
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from accounts.outside.in_flight import Threads, ask_many
from notifications.channels.base import Channel, ChannelMisconfiguredError, Message, Outcome, Result
from notifications.channels.esp_answers import judge_error, judge_status
from notifications.channels.esp_client import client_options
from notifications.channels.mail_address import BadAddressError, Recipient, Sender
from notifications.channels.mail_form import flatten
from notifications.channels.whole_answers import ask_for_whole_answers

log = logging.getLogger(__name__)

IN_FLIGHT: Final = 8
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
"""For a whole answer."""
REFERENCE: Final = "reference"
"""Under this name our reference travels in a mail's metadata and comes back with each event."""


class EspChannel(Channel):
    """Hands mails over, several at once, each over a connection of its own. Its events are read by `esp_reports`."""

    name: ClassVar[str] = "email"
    provider: ClassVar[str] = "anymail"
    safe_to_resend: ClassVar[bool] = False

    def __init__(
        self,
        *,
        backend: str,
        sender: str,
        bounce_domain: str,
        amazon: object = None,
        in_flight: int = IN_FLIGHT,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`backend` is the dotted path of one of anymail's, which reads its keys from ANYMAIL_… itself.

        `sender` is `Name <address>`; `bounce_domain` only makes our Message-IDs; `amazon` as of
        `client_options`. Raises ChannelMisconfiguredError.
        """
        self._from = sender
        self._sender = Sender.parse(sender, bounce_domain)
        self._make_backend = _find_backend(backend)
        self._options = client_options(self._make_backend.esp_name, CONNECT_SECONDS, answer_seconds, amazon)
        self._in_flight = in_flight
        try:
            self._make_backend(**self._options)
        except ImproperlyConfigured as error:
            raise ChannelMisconfiguredError(f"ANYMAIL_BACKEND cannot be used: {str(error).splitlines()[0]}") from error

    def make_backend(self) -> Any:
        """One of the firm's backends, new and not open, with our time-outs."""
        return self._make_backend(**self._options)

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome | None]:
        # A backend is one connection and no two threads may share it: whoever asks takes one, and puts it back.
        backends: SimpleQueue[Any] = SimpleQueue()

        def hand_over(message: Message) -> Outcome:
            try:
                backend = backends.get_nowait()
            except Empty:
                backend = self.make_backend()
            try:
                return self._hand_over(backend, message)
            finally:
                backends.put(backend)

        try:
            with Threads(hand_over, self._in_flight) as threads:
                yield from ask_many(threads, messages, self._in_flight)
        finally:
            while not backends.empty():
                backends.get().close()

    def _hand_over(self, backend: Any, message: Message) -> Outcome:
        try:
            recipient = Recipient.parse(message.address)
        except BadAddressError as error:
            return Outcome(message.reference, Result.PERMANENT, reason=str(error), address_fault=True)
        mail = self._compose(message, recipient)
        try:
            open_backend(backend)
            backend.send_messages([mail])
        except Exception as error:  # a firm's odd answer can break anymail's reading of it in any way
            outcome = judge_error(message.reference, error, mail.anymail_status)
            if outcome.result is Result.UNKNOWN:
                log.warning("What became of mail %s is unknown: %s.", message.reference, type(error).__name__)
            return outcome
        return judge_status(message.reference, mail.anymail_status)

    def _compose(self, message: Message, recipient: Recipient) -> AnymailMessage:
        mail = AnymailMessage(  # type: ignore[no-untyped-call]
            subject=flatten(message.subject),
            body=message.text,
            from_email=self._from,
            to=[recipient.path],
            headers={
                "Message-ID": self._sender.message_id(message.reference),
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "Content-Language": flatten(message.language),
            },
            metadata={REFERENCE: message.reference},
        )
        if message.html:
            mail.attach_alternative(message.html, "text/html")
        return mail


def open_backend(backend: Any) -> None:
    """Open it as all of ours are; one that is open stays as it is."""
    if backend.open() and (session := getattr(backend, "session", None)) is not None:
        session.max_redirects = 0  # a mail, and the firm's key with it, goes nowhere else
        ask_for_whole_answers(session)


def _find_backend(path: str) -> Any:
    try:
        found = import_string(path)
    except ImportError as error:
        raise ChannelMisconfiguredError(
            f"ANYMAIL_BACKEND is {path!r}, which is no class: give one of anymail's, such as "
            "'anymail.backends.mailgun.EmailBackend'."
        ) from error
    if not (isinstance(found, type) and issubclass(found, AnymailBaseBackend)):
        raise ChannelMisconfiguredError(f"ANYMAIL_BACKEND is {path!r}, which is none of anymail's backends: give one.")
    return found
