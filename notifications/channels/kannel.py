"""Text messages through Kannel's sendsms interface, and the delivery callbacks that it makes for them.

Requests are posted, never fetched by GET: the wording and the number then stay out of every log of addresses, and the
HTTP client never repeats a request by itself when a connection is lost. A text message has no Message-ID that would
fold a doubled one, so whatever may have been taken is UNKNOWN and is not safe to send again.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar, Final
from urllib.parse import quote

import aiohttp

from notifications.channels.base import Channel, ChannelMisconfiguredError, Message, Outcome, Result
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

TAKEN: Final = ("0: Accepted", "3: Queued", "Sent.")
NOT_ROUTABLE: Final = "Not routable. Do not try again."
SENDING_FAILED: Final = "Sending failed."
KANNEL_WORDS: Final = (
    NOT_ROUTABLE,
    SENDING_FAILED,
    "Authorization failed",
    "Temporal failure, try again later.",
    "denied by white- and/or black-lists",
    "Missing receiver",
    "Empty receiver number",
    "Sender missing",
    "Charset or body misformed",
)
"""What a reason may quote: any other text could hold the number or the wording."""

PHONE = re.compile(r"\+?[0-9]{3,15}")
OUR_FAULTS: Final = frozenset({401, 403, 404, 405, 407, 408, 429})
"""Answers to a wrong login, a wrong address of the gateway or too much haste: they say nothing of the message."""
NOT_TAKEN: Final = OUR_FAULTS | {301, 302, 303, 307, 308, 503}
"""Any other answer, such as a proxy's 502 or 504, leaves open whether the message went on before it."""


class KannelChannel(Channel):
    """Up to 64 requests at once over kept connections; each outcome comes out as soon as it is known."""

    name: ClassVar[str] = "sms"
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
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`url` is that of sendsms; `callback_url` is ours and must hold no `%`, which Kannel would fill in.

        Raises ChannelMisconfiguredError.
        """
        if not url or not callback_url.startswith(("http://", "https://")) or "%" in callback_url:
            raise ChannelMisconfiguredError(
                "Text messages need KANNEL_URL, and SMS_CALLBACK_URL as an http(s) address without '%': set both."
            )
        self._url = url
        self._callback = callback_url + ("&" if "?" in callback_url else "?")
        self._headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": username,
            "X-Kannel-Password": password,
            "X-Kannel-From": sender,
            "X-Kannel-DLR-Mask": ALL_REPORTS,
        }
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=answer_seconds)
        self._deadline = 2 * answer_seconds + CONNECT_SECONDS

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """The event loop runs only between two outcomes: while the caller records one, nothing new goes out."""
        with asyncio.Runner() as runner:
            client = runner.run(self._open())
            waiting = iter(messages)
            asked: set[asyncio.Task[Outcome]] = set()
            try:
                while True:
                    asked |= runner.run(self._start(client, list(islice(waiting, IN_FLIGHT - len(asked)))))
                    if not asked:
                        return
                    answered, asked = runner.run(_await_first(asked))
                    yield from (task.result() for task in answered)
            finally:
                runner.run(_abandon(asked, client))

    async def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT, keepalive_timeout=KEPT_SECONDS)
        return aiohttp.ClientSession(connector=connector, timeout=self._timeout)

    async def _start(self, client: aiohttp.ClientSession, messages: list[Message]) -> set[asyncio.Task[Outcome]]:
        return {asyncio.create_task(self._send_one(client, message)) for message in messages}

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
            **self._headers,
            "X-Kannel-To": message.address,
            "X-Kannel-DLR-URL": f"{self._callback}reference={quote(message.reference)}&{REPORT_FIELDS}",
        }
        if not is_gsm(message.text):
            headers["X-Kannel-Coding"] = UCS2
        body = message.text.encode()
        async with client.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
            return judge_answer(message.reference, response.status, await _read_answer(response))


def judge_answer(reference: str, status: int, answer: str) -> Outcome:
    """Kannel's answer to sendsms in our words."""
    words = next((words for words in KANNEL_WORDS if words in answer), "")
    reason = f"{status} {words}".strip()
    if status == 202 and answer.startswith(TAKEN):
        return Outcome(reference, Result.ACCEPTED)
    if words == NOT_ROUTABLE or (400 <= status < 500 and status not in OUR_FAULTS):
        return Outcome(reference, Result.PERMANENT, reason=reason)
    if status in NOT_TAKEN or words == SENDING_FAILED:
        return Outcome(reference, Result.TEMPORARY, reason=reason)
    return Outcome(reference, Result.UNKNOWN, reason=reason)


async def _read_answer(response: aiohttp.ClientResponse) -> str:
    try:
        answer = await response.content.readexactly(ANSWER_BYTES)
    except asyncio.IncompleteReadError as whole:
        answer = whole.partial
    return answer.decode("utf-8", "replace")


async def _await_first(
    asked: set[asyncio.Task[Outcome]],
) -> tuple[set[asyncio.Task[Outcome]], set[asyncio.Task[Outcome]]]:
    return await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)


async def _abandon(asked: set[asyncio.Task[Outcome]], client: aiohttp.ClientSession) -> None:
    """The caller stopped early, or all is done: nothing may go on in a loop that will not run again."""
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    await client.close()
