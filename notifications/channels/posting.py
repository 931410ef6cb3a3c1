"""Channels that post one request a message: many at once over kept connections, each outcome as soon as it is known.

Nothing that is sent so has an id that would fold a doubled one, so whatever may have been taken is UNKNOWN and is not
safe to send again. The client that posts never repeats a request by itself.
"""

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar, Final
from urllib.parse import urlsplit

from accounts.outside.addresses import PLAIN
from accounts.outside.client import Client
from accounts.outside.in_flight import ask_many
from accounts.outside.posts import Answer, Limits, Request
from notifications.channels.base import Channel, ChannelMisconfiguredError, Message, Outcome, Result

IN_FLIGHT: Final = 64
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
KEPT_SECONDS: Final = 1
"""How long an idle connection may be used again: on one that the gateway just closed, a request's fate is unknown."""

OWN_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class PostingChannel(Channel):
    """A subclass says how a message is posted and what an answer means; the rest is here, once."""

    safe_to_resend: ClassVar[bool] = False

    numbers: ClassVar[re.Pattern[str]] = re.compile(r"\+[1-9][0-9]{6,14}")
    """What can be a number at this provider; ITU-T E.164 unless said otherwise."""
    answer_bytes: ClassVar[int] = 65_536
    """What of an answer is read; none that says something is longer."""

    def __init__(self, *, in_flight: int = IN_FLIGHT, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._limits = Limits(
            in_flight=in_flight,
            connect_seconds=min(CONNECT_SECONDS, answer_seconds),
            answer_seconds=answer_seconds,
            kept_seconds=KEPT_SECONDS,
            answer_bytes=self.answer_bytes,
        )

    def wait_no_longer_than(self, seconds: float) -> None:
        """For connection and answer together: a person is looking at the page meanwhile."""
        connect = min(seconds / 2, self._limits.connect_seconds)
        answer = min(seconds - connect, self._limits.answer_seconds)
        self._limits = replace(self._limits, connect_seconds=connect, answer_seconds=answer)

    @abstractmethod
    def make_post(self, message: Message) -> Request | Outcome:
        """The request that hands the message over, or why nobody is asked. Raises ValueError where no request can hold
        its wording.
        """

    @abstractmethod
    def judge(self, reference: str, status: int, answer: str) -> Outcome:
        """What an answer means. `answer` may be cut off, and may be anybody's."""

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome | None]:
        with Client(self._limits, self._write, self._read) as client:
            yield from ask_many(client, messages, self._limits.in_flight)

    def _write(self, message: Message) -> Request | Outcome:
        if not self.numbers.fullmatch(message.address):
            reason = "number is malformed"
            return Outcome(message.reference, Result.PERMANENT, reason=reason, address_fault=True)
        try:
            return self.make_post(message)
        except ValueError:
            return Outcome(message.reference, Result.PERMANENT, reason="wording cannot be written as a request")

    def _read(self, message: Message, answer: Answer) -> Outcome:
        if not answer.left:
            reason = f"gateway cannot be reached: {answer.fault}"
            return Outcome(message.reference, Result.TEMPORARY, reason=reason)
        if answer.fault:
            reason = f"no answer after the request was sent: {answer.fault}"
            return Outcome(message.reference, Result.UNKNOWN, reason=reason)
        return self.judge(message.reference, answer.status, answer.body.decode("utf-8", "replace"))


def require_https(url: str, setting: str) -> str:
    """The address of an interface that is given a secret. Raises ChannelMisconfiguredError with the setting's name."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in OWN_MACHINE)
    if safe and PLAIN.fullmatch(url):
        return url
    raise ChannelMisconfiguredError(f"{setting} must be an https address, as our secret goes there: set it to one.")
