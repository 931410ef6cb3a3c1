"""Requests at a steady rate, and pages that are looked at until they show what was sent."""

import asyncio
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from benchmarks.measure import VoidError

LOOK_AGAIN: Final = 0.25
"""Seconds between two looks at a page."""
TRIES: Final = 3
SHOWN: Final = b"square awaiting_bank"
_BODY: Final = b"\r\n\r\n"
_HEADER: Final = re.compile(r"([\w-]+): (.*)")


@dataclass(frozen=True, slots=True)
class Followed:
    """The page of the loan that a request is about; `place` is the request's."""

    place: int
    path: str
    cookie: str


async def push_and_follow(
    port: int, requests: Sequence[bytes], pages: Sequence[Followed], *, rate: float, patience: float
) -> list[float]:
    """Send the requests, `rate` a second, and return for each page the seconds from its request to its showing it.

    Raises VoidError where a request is not answered with 202, or a page stays as it was for `patience` seconds.
    """
    by_place = {page.place: page for page in pages}
    loop = asyncio.get_running_loop()
    started = loop.time()
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as client:

        async def one(place: int, request: bytes) -> float | None:
            await asyncio.sleep(started + place / rate - loop.time())
            sent = loop.time()
            await _post(client, request)
            page = by_place.get(place)
            return None if page is None else await _seconds_until_shown(client, page, sent, patience)

        waits = await asyncio.gather(*(one(place, request) for place, request in enumerate(requests)))
    return [wait for wait in waits if wait is not None]


async def _post(client: aiohttp.ClientSession, request: bytes) -> None:
    head, _blank, body = request.partition(_BODY)
    first, *lines = head.decode().split("\r\n")
    headers = {found[1]: found[2] for line in lines if (found := _HEADER.fullmatch(line))}
    for _attempt in range(TRIES):
        # A kept connection that the server closed at this moment: the same message again, as a partner would.
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with client.post(first.split(" ")[1], data=body, headers=headers) as response:
                if response.status != 202:
                    raise VoidError(f"a push was answered with {response.status}")
                return
    raise VoidError(f"a push was not answered {TRIES} times")


async def _seconds_until_shown(client: aiohttp.ClientSession, page: Followed, sent: float, patience: float) -> float:
    loop = asyncio.get_running_loop()
    while loop.time() - sent < patience:
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with client.get(page.path, headers={"Cookie": page.cookie}) as response:
                if SHOWN in await response.read():
                    return loop.time() - sent
        await asyncio.sleep(LOOK_AGAIN)
    raise VoidError(f"{page.path} did not show its payment within {patience:.0f} s")
