"""Web Push (RFC 8030): a message to one browser by way of the push service that its maker runs.

`Message.address` is a `PushAddress` as JSON and `Message.text` the payload, which our service worker reads; both go
nowhere in the clear. A message carries the Topic of its reference: the push service keeps only the newest of a topic,
and the device shows a later one in the place of an earlier one. So it is safe to send again.
"""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import ClassVar, Final

import aiohttp
from yarl import URL

from accounts.outside.addresses import PrivateHostError, may_be_public, open_public_socket
from accounts.outside.in_flight import ask_many, make_runner
from notifications.channels.base import Channel, Message, Outcome, Result
from notifications.channels.vapid import Vapid
from notifications.channels.web_push_address import BadPushAddressError, PushAddress, topic_of
from notifications.channels.web_push_answers import judge_answer
from notifications.channels.web_push_encryption import TooLongError, encrypt

IN_FLIGHT: Final = 32
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
KEPT_SECONDS: Final = 1.0

LIVES: Final = timedelta(hours=12)
"""How long a push service may keep a message for a device that is off. Its words count from the day of sending ("by
today"), and by then its ladder has gone on: one that came later would speak of a day that is over."""


class WebPushChannel(Channel):
    """Many requests at once over kept connections. `Outcome.provider_reference` is the address's fingerprint."""

    name: ClassVar[str] = "push"
    provider: ClassVar[str] = "webpush"
    reports_delivery: ClassVar[bool] = True
    safe_to_resend: ClassVar[bool] = True

    def __init__(
        self,
        vapid: Vapid | None,
        *,
        allow_private: bool = False,
        in_flight: int = IN_FLIGHT,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Without `vapid` the channel is off, and every message fails at once so that its ladder goes on.

        `allow_private` lets messages go by plain http and to machines of our own network: for tests and the sandbox.
        """
        self._vapid = vapid
        self._allow_private = allow_private
        self._in_flight = in_flight
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=answer_seconds)
        self._deadline = 2 * answer_seconds + CONNECT_SECONDS

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome | None]:
        if self._vapid is None:
            reason = "web push is switched off: VAPID_PRIVATE_KEY is not set"
            yield from (Outcome(message.reference, Result.PERMANENT, reason=reason) for message in messages)
            return
        vapid = self._vapid
        with make_runner() as runner:
            client = runner.run(self._open())

            async def ask(message: Message) -> Outcome:
                return await self._send_one(client, vapid, message)

            try:
                yield from ask_many(runner.get_loop(), ask, messages, self._in_flight)
            finally:
                runner.run(client.close())

    async def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._in_flight,
            keepalive_timeout=KEPT_SECONDS,
            socket_factory=None if self._allow_private else open_public_socket,
        )
        return aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )

    async def _send_one(self, client: aiohttp.ClientSession, vapid: Vapid, message: Message) -> Outcome:
        try:
            address = PushAddress.from_json(message.address)
        except BadPushAddressError as error:
            return Outcome(message.reference, Result.PERMANENT, reason=str(error), address_fault=True)
        device = address.fingerprint
        if not (self._allow_private or may_be_public(address.endpoint)):
            return _refuse(message, device)
        try:
            body = encrypt(message.text.encode(), address.p256dh, address.auth)
        except TooLongError as error:
            return Outcome(message.reference, Result.PERMANENT, device, str(error))
        try:
            async with asyncio.timeout(self._deadline):
                return await self._post(client, vapid, message, address, body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            if isinstance(getattr(error, "os_error", None), PrivateHostError):
                return _refuse(message, device)
            reason = f"push service cannot be reached: {type(error).__name__}"
            return Outcome(message.reference, Result.TEMPORARY, device, reason)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = f"no answer after the message was sent: {type(error).__name__}"
            return Outcome(message.reference, Result.UNKNOWN, device, reason)

    async def _post(
        self, client: aiohttp.ClientSession, vapid: Vapid, message: Message, address: PushAddress, body: bytes
    ) -> Outcome:
        headers = {
            "Authorization": vapid.authorization(address.origin),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(LIVES.total_seconds())),
            "Topic": topic_of(message.reference),
        }
        # Letter by letter: a push service may not know its own address in another spelling.
        url = URL(address.endpoint, encoded=True)
        async with client.post(url, data=body, headers=headers, allow_redirects=False) as response:
            return judge_answer(message.reference, address.fingerprint, response.status)


def _refuse(message: Message, device: str) -> Outcome:
    reason = "the endpoint is not an https address of the internet"
    return Outcome(message.reference, Result.PERMANENT, device, reason, address_fault=True)
