"""Kannel's delivery callbacks: which types exist, what fills the escapes of a dlr-url, how often one is tried."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote_plus

import aiohttp
from yarl import URL

from portal.sandbox.faults import Word
from portal.sandbox.messages import Recorded
from portal.sandbox.store import Store

TYPES = {
    Word.DELIVERED: 1,
    Word.UNDELIVERED: 2,
    Word.DELAYED: 4,
    Word.ACCEPTED: 8,
    Word.RELAYED: 8,
    Word.REFUSED: 16,
}
STATES = {Word.DELIVERED: ("DELIVRD", "000"), Word.UNDELIVERED: ("UNDELIV", "027"), Word.DELAYED: ("ENROUTE", "000")}
"""What an SMPP message centre writes into its receipt: a state and an error code."""

TRIES: Final = 6
"""Kannel's http-request-retry=5: the first try and five more."""
SECONDS_PER_TRY: Final = 10.0
SUCCESSES: Final = (200, 202)
"""Kannel counts no other answer as success, a 204 neither."""

ESCAPE = re.compile(r"%([a-zA-Z])")


def fill_escapes(url: str, values: Mapping[str, str]) -> str:
    """The callback's address with each `%` and letter replaced, url-encoded; what has no value stays as it is."""
    return ESCAPE.sub(lambda found: quote_plus(values[found[1]]) if found[1] in values else found[0], url)


def describe_report(message: Recorded, word: Word, now: datetime) -> dict[str, str]:
    """Values of the escapes: %d type, %A the centre's answer, %F its id, %T Unix time, %p and %P the two numbers."""
    return {
        "d": str(TYPES[word]),
        "A": _write_answer(message, word, now),
        "F": "" if TYPES[word] in (8, 16) else _centre_id(message),
        "T": str(int(now.timestamp())),
        "i": "sandbox",
        "I": f"{message.number:08x}",
        "p": message.recipient,
        "P": message.wording.sender,
    }


def _centre_id(message: Recorded) -> str:
    return f"SBX{message.number:09d}"


def _write_answer(message: Recorded, word: Word, now: datetime) -> str:
    """A message centre's receipt quotes the first twenty letters of the wording: a reader must not pass them on."""
    if word is Word.REFUSED:
        return "NACK/0x0000000b/Invalid Destination Address"
    if word not in STATES:
        return "ACK/"
    state, error = STATES[word]
    submitted = message.arrived_at.strftime("%y%m%d%H%M")
    return (
        f"id:{_centre_id(message)} sub:001 dlvrd:{1 if word is Word.DELIVERED else 0:03d} submit date:{submitted} "
        f"done date:{now.strftime('%y%m%d%H%M')} stat:{state} err:{error} text:{message.wording.text[:20]}"
    )


class CallbackSender:
    """Makes the callbacks, and makes those again that were not answered 200 or 202."""

    def __init__(self, store: Store, retry_seconds: float) -> None:
        self._store = store
        self._retry_seconds = retry_seconds
        timeout = aiohttp.ClientTimeout(total=SECONDS_PER_TRY)
        self._client = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64))

    async def report(self, message: Recorded, word: Word) -> None:
        """Bits of the dlr-mask say which types the sender wants."""
        if not message.report_to or str(TYPES[word]) not in message.report_on:
            return
        url = fill_escapes(message.report_to, describe_report(message, word, datetime.now(UTC)))
        for tried in range(TRIES):
            if tried:
                await asyncio.sleep(self._retry_seconds)
            status, answer = await self._fetch(url)
            self._store.note_receipt(message, word, answer)
            if status in SUCCESSES:
                return

    async def _fetch(self, url: str) -> tuple[int, str]:
        try:
            async with self._client.get(URL(url, encoded=True), headers={"User-Agent": "Kannel/1.4.5"}) as response:
                return response.status, str(response.status)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return 0, type(error).__name__

    async def close(self) -> None:
        await self._client.close()
