"""Channels as the settings describe them. The only module here that reads settings."""

from collections.abc import Callable
from typing import Final

from django.conf import settings

from notifications.channels.base import Channel, ChannelMisconfiguredError
from notifications.channels.email import EmailChannel
from notifications.channels.in_app import InAppChannel
from notifications.channels.mail_server import MailServer


def channel_for(name: str) -> Channel:
    """A new channel, to be closed by its user. Raises ChannelMisconfiguredError, also for a name that is none."""
    if name not in BUILDERS:
        raise ChannelMisconfiguredError(f"There is no channel {name!r}: choose one of {', '.join(BUILDERS)}.")
    return BUILDERS[name]()


def _build_email() -> EmailChannel:
    server = MailServer(
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        username=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
        use_tls=settings.EMAIL_USE_TLS,
        use_ssl=settings.EMAIL_USE_SSL,
        timeout=settings.EMAIL_TIMEOUT or 20.0,
    )
    return EmailChannel(server=server, sender=settings.DEFAULT_FROM_EMAIL, bounce_domain=settings.BOUNCE_DOMAIN)


def _build_sms() -> Channel:
    # Its HTTP client takes a quarter of a second to load, and most processes never send a text.
    from notifications.channels.kannel import KannelChannel

    return KannelChannel(
        url=settings.KANNEL_URL,
        username=settings.KANNEL_USERNAME,
        password=settings.KANNEL_PASSWORD,
        sender=settings.SMS_SENDER,
        callback_url=settings.SMS_CALLBACK_URL,
        answer_seconds=settings.SMS_TIMEOUT,
    )


BUILDERS: Final[dict[str, Callable[[], Channel]]] = {
    EmailChannel.name: _build_email,
    "sms": _build_sms,
    InAppChannel.name: InAppChannel,
}
