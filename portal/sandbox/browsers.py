"""What the sandbox's browsers do with a notice: they report it as our service worker does, and press its button."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp

from portal.sandbox.faults import Word
from portal.sandbox.messages import Recorded
from portal.sandbox.store import Store

TRIES: Final = 3
SECONDS_PER_TRY: Final = 10.0
PRESSED: Final = "acknowledged"


@dataclass(frozen=True, slots=True)
class Notice:
    """What was pushed, as our service worker reads it."""

    title: str
    body: str
    url: str
    token: str
    know: str

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Whatever was pushed: what is not ours has no title but its own text."""
        try:
            fields = json.loads(text)
            title, body, url, token, know = (str(fields.get(name, "")) for name in cls.__slots__)
        except (ValueError, AttributeError, RecursionError):
            return cls(text.decode("utf-8", "replace"), "", "", "", "")
        return cls(title, body, url if url.startswith(("http://", "https://")) else "", token, know)

    def address(self, verb: str) -> str:
        """Where the portal that sent it takes this: at the origin of its link. Empty without a link or a token."""
        url = urlsplit(self.url)
        return f"{url.scheme}://{url.netloc}/push/{verb}/{self.token}/" if url.netloc and self.token else ""


class Browsers:
    """Posts, and posts again what was not answered, as often as our service worker would."""

    def __init__(self, store: Store, retry_seconds: float) -> None:
        self._store = store
        self._retry_seconds = retry_seconds
        timeout = aiohttp.ClientTimeout(total=SECONDS_PER_TRY)
        self._client = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64))

    async def report(self, message: Recorded, word: Word) -> None:
        """A browser knows but one word: that it has shown the notice."""
        if word is Word.DELIVERED and message.report_to:
            await self._post(message, word, message.report_to, {"shown": "yes", "at": str(int(time.time()))})

    async def press(self, message: Recorded, notice: Notice) -> None:
        """ "I know"."""
        if address := notice.address("acknowledge"):
            await self._post(message, PRESSED, address, {})

    async def _post(self, message: Recorded, word: str, address: str, fields: dict[str, str]) -> None:
        for tried in range(TRIES):
            if tried:
                await asyncio.sleep(self._retry_seconds)
            try:
                async with self._client.post(address, data=fields, allow_redirects=False) as response:
                    status, answer = response.status, str(response.status)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                status, answer = 599, type(error).__name__
            self._store.note_receipt(message, word, answer)
            if status < 500:
                return

    async def close(self) -> None:
        await self._client.close()
