"""Posts to partners' addresses: many at once, redirections not followed, nothing posted into our own network."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import aiohttp
from django.conf import settings
from yarl import URL

from accounts.outside.addresses import PrivateHostError, open_public_socket
from accounts.outside.in_flight import ask_many, make_runner
from loans.outward.endpoints import is_allowed

IN_FLIGHT: Final = 32
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
KEPT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Post:
    """One request, and the row that it is for."""

    delivery_id: int
    url: str
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None where nobody answered, and `why` says so; `asked` is the wait that Retry-After asks for."""

    delivery_id: int
    status: int | None
    why: str = ""
    asked: timedelta = timedelta(0)


def post_all(posts: Iterable[Post]) -> Iterator[Answer | None]:
    """An answer for each, in the order of their coming; None whenever the caller had better write down what it has."""
    with make_runner() as runner:
        client = runner.run(_open())

        async def ask(post: Post) -> Answer:
            return await _post_one(client, post)

        try:
            yield from ask_many(runner.get_loop(), ask, posts, IN_FLIGHT)
        finally:
            runner.run(client.close())


async def _open() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=IN_FLIGHT,
        keepalive_timeout=KEPT_SECONDS,
        socket_factory=None if settings.OUTWARD_ALLOW_PRIVATE else open_public_socket,
    )
    timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())


async def _post_one(client: aiohttp.ClientSession, post: Post) -> Answer:
    if not is_allowed(post.url):
        return Answer(post.delivery_id, None, "no address that may be posted to")
    try:
        async with asyncio.timeout(ANSWER_SECONDS + CONNECT_SECONDS):
            url = URL(post.url, encoded=True)
            async with client.post(url, data=post.body.encode(), headers=post.headers, allow_redirects=False) as answer:
                return Answer(post.delivery_id, answer.status, asked=_asked(answer.headers))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        private = isinstance(getattr(error, "os_error", None), PrivateHostError)
        return Answer(post.delivery_id, None, "not a host of the internet" if private else type(error).__name__)


def _asked(headers: Mapping[str, str]) -> timedelta:
    seconds = headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds[:6])) if seconds.isascii() and seconds.isdigit() else timedelta(0)
