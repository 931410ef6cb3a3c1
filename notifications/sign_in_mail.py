"""Mails for signing in, by whoever serves mail: those of EMAIL_PROVIDERS in their turn, as Django's way to send.

They are no prompts: nothing is kept of them, and no firm is asked to report them. The next provider is asked, too,
where nobody knows whether the first one took a mail: twice harms nobody, none at all keeps its reader out.
"""

import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone

from accounts.mails import MailNotTakenError
from notifications.channels.base import ChannelMisconfiguredError, Result
from notifications.channels.registry import build_mail_firm
from notifications.suppliers import in_turn

PATIENCE: Final = 5.0
"""Seconds for a connection that asks nothing."""


class ServingBackend(BaseEmailBackend):
    """EMAIL_BACKEND. Raises OSError, as Django's own does, unless it is to be silent; what it says names nobody."""

    def open(self) -> bool:
        """Find out whether somebody could be asked, and ask nothing. Nothing stays open."""
        self._ask_in_turn(_check)
        return False

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were taken."""
        return sum(self._ask_in_turn(partial(_send, message)) for message in email_messages)

    def _ask_in_turn(self, ask: Callable[[str], None]) -> bool:
        faults: list[tuple[str, OSError]] = []
        for provider in _in_turn():
            try:
                ask(provider)
            except OSError as error:
                faults.append((provider, error))
            else:
                return True
        if self.fail_silently:
            return False
        if len(faults) == 1:
            raise faults[0][1]
        raise MailNotTakenError(" ".join(f"{provider}: {_describe(error)}" for provider, error in faults))


def _in_turn() -> list[str]:
    try:
        return in_turn("email", now=timezone.now()) or ["smtp"]
    except ChannelMisconfiguredError as error:
        raise MailNotTakenError(str(error)) from error


def _describe(error: OSError) -> str:
    """A mail server's words can repeat the address."""
    return str(error) if isinstance(error, MailNotTakenError) else type(error).__name__


def _send(message: EmailMessage, provider: str) -> None:
    """Raises OSError."""
    if provider == "smtp":
        EmailBackend().send_messages([message])
        return
    # Loads the firm's HTTP client.
    from anymail.message import AnymailStatus

    from notifications.channels.esp import open_backend
    from notifications.channels.esp_answers import judge_error, judge_status

    message.anymail_status = AnymailStatus()  # type: ignore[attr-defined, no-untyped-call]
    try:
        backend = build_mail_firm().make_backend()
    except ChannelMisconfiguredError as error:
        raise MailNotTakenError(str(error)) from error
    try:
        open_backend(backend)
        backend.send_messages([message])
        outcome = judge_status("", message.anymail_status)  # type: ignore[attr-defined]
    except Exception as error:  # a firm's odd answer can break anymail's reading of it in any way
        outcome = judge_error("", error, message.anymail_status)  # type: ignore[attr-defined]
    finally:
        backend.close()
    if outcome.result is not Result.ACCEPTED:
        raise MailNotTakenError(f"The mail firm did not take it: {outcome.reason}.")


def _check(provider: str) -> None:
    """Connect to where it is asked. Raises OSError."""
    if provider == "smtp":
        server = EmailBackend()
        server.open()
        server.close()
        return
    try:
        address = urlsplit(getattr(build_mail_firm().make_backend(), "api_url", ""))
    except ChannelMisconfiguredError as error:
        raise MailNotTakenError(str(error)) from error
    if address.hostname:  # Amazon's client finds it by itself
        place = address.hostname, address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection(place, timeout=PATIENCE).close()
