"""Text messages through Kannel's sendsms interface; its delivery callbacks are read by `kannel_reports`.

Requests are posted, never fetched by GET: the wording and the number then stay out of every log of addresses, and the
HTTP client never repeats a request by itself when a connection is lost. A text message has no Message-ID that would
fold a doubled one, so whatever may have been taken is UNKNOWN and is not safe to send again.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from notifications.channels.base import Channel, ChannelMisconfiguredError, Message, Outcome, Result
from notifications.channels.in_flight import ask_many
from notifications.channels.kannel_answers import judge_answer
from notifications.channels.segments import is_gsm

IN_FLIGHT: Final = 64
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
ANSWER_BYTES: Final = 1024
KEPT_SECONDS: Final = 1.0
"""How long an idle connection may be used again: on one that the gateway just closed, a request's fate is unknown."""

ALL_REPORTS: Final = "31"
"""1 delivered, 2 undelivered, 4 queued, 8 accepted and 16 refused by the message centre."""
UCS2: Final = "2"
REPORT_FIELDS: Final = "type=%d&answer=%A&smsc_reference=%F&time=%T"
"""Kannel fills these in. %A is the message centre's own answer; `kannel_reports` takes only codes out of it."""

PHONE = re.compile(r"\+?[0-9]{3,15}")


class KannelChannel(Channel):
    """Many requests at once over kept connections; each outcome comes out as soon as it is known."""

    name: ClassVar[str] = "sms"
    provider: ClassVar[str] = "kannel"
    reports_delivery: ClassVar[bool] = True
    safe_to_resend: ClassVar[bool] = False
    records_each: ClassVar[bool] = True

    def __init__(
        self,
        *,
        url: str,
        username: str,
        password: str,
        sender: str,
        callback_url: str,
        in_flight: int = IN_FLIGHT,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`url` is that of sendsms; `callback_url` is ours and must hold no `%`, which Kannel would fill in.

        Raises ChannelMisconfiguredError.
        """
        addresses = (url, callback_url)
        if not all(address.startswith(("http://", "https://")) for address in addresses) or "%" in callback_url:
            raise ChannelMisconfiguredError(
                "Text messages need http(s) addresses in KANNEL_URL and SMS_CALLBACK_URL, the latter without '%'."
            )
        self._url = URL(url)
        self._callback = callback_url + ("&" if "?" in callback_url else "?")
        self._headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": username,
            "X-Kannel-Password": password,
            "X-Kannel-From": sender,
            "X-Kannel-DLR-Mask": ALL_REPORTS,
        }
        self._in_flight = in_flight
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=answer_seconds)
        self._deadline = 2 * answer_seconds + CONNECT_SECONDS

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome | None]:
        with asyncio.Runner() as runner:
            client = runner.run(self._open())

            async def ask(message: Message) -> Outcome:
                return await self._send_one(client, message)

            try:
                yield from ask_many(runner.get_loop(), ask, messages, self._in_flight)
            finally:
                runner.run(client.close())

    async def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self._in_flight, keepalive_timeout=KEPT_SECONDS)
        return aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, headers=self._headers, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def _send_one(self, client: aiohttp.ClientSession, message: Message) -> Outcome:
        if not PHONE.fullmatch(message.address):
            reason = "number is not of 3 to 15 digits"
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
        headers = {
            "X-Kannel-To": message.address,
            "X-Kannel-DLR-URL": f"{self._callback}reference={quote(message.reference)}&{REPORT_FIELDS}",
        }
        if not is_gsm(message.text):
            headers["X-Kannel-Coding"] = UCS2
        body = message.text.encode()
        async with client.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
            return judge_answer(message.reference, response.status, await _read_answer(response))


async def _read_answer(response: aiohttp.ClientResponse) -> str:
    try:
        answer = await response.content.readexactly(ANSWER_BYTES)
    except asyncio.IncompleteReadError as whole:
        answer = whole.partial
    return answer.decode("utf-8", "replace")
