"""Channels that post one request a message: many at once over kept connections, each outcome as soon as it is known.

Requests are posted, never fetched by GET: the HTTP client never repeats a POST by itself when a connection is lost.
Nothing that is sent so has an id that would fold a doubled one, so whatever may have been taken is UNKNOWN and is not
safe to send again.
"""

import asyncio
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from accounts.outside.in_flight import ask_many, make_runner
from notifications.channels.base import Channel, ChannelMisconfiguredError, Message, Outcome, Result

IN_FLIGHT: Final = 64
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
KEPT_SECONDS: Final = 1.0
"""How long an idle connection may be used again: on one that the gateway just closed, a request's fate is unknown."""

OWN_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Post:
    """One request. `body` is None where all is said in the address."""

    url: URL
    headers: Mapping[str, str]
    body: bytes | None = None


class PostingChannel(Channel):
    """A subclass says how a message is posted and what an answer means; the rest is here, once."""

    reports_delivery: ClassVar[bool] = True
    safe_to_resend: ClassVar[bool] = False

    numbers: ClassVar[re.Pattern[str]] = re.compile(r"\+[1-9][0-9]{6,14}")
    """What can be a number at this provider; ITU-T E.164 unless said otherwise."""
    answer_bytes: ClassVar[int] = 65_536
    """What of an answer is read; none that says something is longer."""

    def __init__(self, *, in_flight: int = IN_FLIGHT, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._in_flight = in_flight
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=answer_seconds)
        self._deadline = 2 * answer_seconds + CONNECT_SECONDS

    @abstractmethod
    def make_post(self, message: Message) -> Post:
        """The request that hands the message over. Raises ValueError where no request can hold its wording."""

    @abstractmethod
    def judge(self, reference: str, status: int, answer: str) -> Outcome:
        """What an answer means. `answer` may be cut off, and may be anybody's."""

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome | None]:
        with make_runner() as runner:
            client = runner.run(self._open())

            async def ask(message: Message) -> Outcome:
                return await self._send_one(client, message)

            try:
                yield from ask_many(runner.get_loop(), ask, messages, self._in_flight)
            finally:
                runner.run(client.close())

    async def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self._in_flight, keepalive_timeout=KEPT_SECONDS)
        return aiohttp.ClientSession(connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())

    async def _send_one(self, client: aiohttp.ClientSession, message: Message) -> Outcome:
        if not self.numbers.fullmatch(message.address):
            reason = "number is malformed"
            return Outcome(message.reference, Result.PERMANENT, reason=reason, address_fault=True)
        try:
            async with asyncio.timeout(self._deadline):
                return await self._post(client, message)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            reason = f"gateway cannot be reached: {type(error).__name__}"
            return Outcome(message.reference, Result.TEMPORARY, reason=reason)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = f"no answer after the request was sent: {type(error).__name__}"
            return Outcome(message.reference, Result.UNKNOWN, reason=reason)
        except ValueError:
            return Outcome(message.reference, Result.PERMANENT, reason="wording cannot be written as a request")

    async def _post(self, client: aiohttp.ClientSession, message: Message) -> Outcome:
        post = self.make_post(message)
        async with client.post(post.url, data=post.body, headers=post.headers, allow_redirects=False) as response:
            return self.judge(message.reference, response.status, await self._read_answer(response))

    async def _read_answer(self, response: aiohttp.ClientResponse) -> str:
        try:
            answer = await response.content.readexactly(self.answer_bytes)
        except asyncio.IncompleteReadError as whole:
            answer = whole.partial
        return answer.decode("utf-8", "replace")


def require_https(url: str, setting: str) -> URL:
    """The address of an interface that is given a secret. Raises ChannelMisconfiguredError with the setting's name."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in OWN_MACHINE):
        return URL(url)
    raise ChannelMisconfiguredError(f"{setting} must be an https address, as our secret goes there: set it to one.")
