"""Codes for signing in, by whoever serves text messages: those of SMS_PROVIDERS in their turn.

A code is handed over and nothing is kept of it: no delivery, no reference, no receipt. Whoever has taken it is the last
one asked. The next one is asked, too, where nobody knows whether the one before took it, since a provider that got the
request and gives no answer in its time may have: then its reader may get the same code twice, and either is good. It
cannot be had otherwise: no provider takes a code back, and to wait for none keeps its reader out.
"""

import socket
from collections.abc import Iterator
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from accounts.text_messages import PATIENCE, KannelCarrier, TextMessageError, code_text
from notifications.channels.base import ChannelMisconfiguredError, Message, Result
from notifications.channels.registry import carries_codes, code_channel_of
from notifications.suppliers import in_turn

_TAKEN: Final = frozenset({Result.ACCEPTED, Result.DELIVERED})
_ADDRESSES: Final = {"twilio": "TWILIO_API_URL", "aliyun": "ALIYUN_ENDPOINT"}
_PORTS: Final = {"http": 80, "https": 443}
WHOLE: Final = 6.0
"""Seconds for all that are asked, together: the person is looking at the page meanwhile. Nobody has more of it than
PATIENCE, nor more than leaves as much to each that follows.
"""
_LEAST: Final = 0.1
"""Seconds, where those before took somewhat longer than their time."""


class ServingCarrier:
    """CODE_CARRIER. Kannel carries codes, too, where nobody who serves text messages can."""

    def send_code(self, phone: str, code: str, language: str) -> None:
        faults = []
        for provider, seconds in _in_time():
            try:
                _send(provider, phone, code, language, seconds)
            except TextMessageError as error:
                faults.append(f"{provider}: {error}")
            else:
                return
        raise TextMessageError(" ".join(faults))

    def check(self) -> None:
        faults = []
        for provider, seconds in _in_time():
            try:
                _check(provider, seconds)
            except TextMessageError as error:
                faults.append(f"{provider}: {error}")
            else:
                return
        raise TextMessageError(" ".join(faults))


def _carriers() -> list[str]:
    try:
        serving = in_turn("sms", now=timezone.now())
    except ChannelMisconfiguredError as error:
        raise TextMessageError(str(error)) from error
    return [provider for provider in serving if carries_codes(provider)] or ["kannel"]


def _in_time() -> Iterator[tuple[str, float]]:
    """Each carrier in its turn, with the seconds that it has when it is asked."""
    carriers, until = _carriers(), monotonic() + WHOLE
    for place, provider in enumerate(carriers):
        left = max(until - monotonic(), _LEAST)
        yield provider, min(PATIENCE, left / (len(carriers) - place))


def _send(provider: str, phone: str, code: str, language: str, seconds: float) -> None:
    if provider == "kannel":
        KannelCarrier(seconds).send_code(phone, code, language)
        return
    # Alibaba Cloud has the words in its template.
    text = code if provider == "aliyun" else code_text(code, language)
    message = Message("", phone, "", text, "", language, "", lives=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)
    try:
        with code_channel_of(provider) as channel:
            channel.wait_no_longer_than(seconds)
            outcomes = [outcome for outcome in channel.send([message]) if outcome]
    except ChannelMisconfiguredError as error:
        raise TextMessageError(str(error)) from error
    if outcomes[0].result not in _TAKEN:
        raise TextMessageError(outcomes[0].reason)


def _check(provider: str, seconds: float) -> None:
    """Connect to where it is asked, and ask nothing."""
    if provider == "kannel":
        KannelCarrier(seconds).check()
        return
    try:
        address = urlsplit(getattr(settings, _ADDRESSES[provider]))
        place = address.hostname or "", address.port or _PORTS[address.scheme]
        socket.create_connection(place, timeout=seconds).close()
    except (OSError, ValueError, KeyError) as error:
        raise TextMessageError(f"The provider cannot be reached: {type(error).__name__}.") from error
