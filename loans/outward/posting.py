"""Posts to partners' addresses: many at once, redirections not followed, nothing posted into our own network."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings

from accounts.outside import posts as outside
from accounts.outside.client import Client
from accounts.outside.in_flight import ask_many
from loans.outward.endpoints import is_allowed

IN_FLIGHT: Final = 32
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
KEPT_SECONDS: Final = 5
ANSWER_BYTES: Final = 16_384
"""What of an answer is read; only its head is asked for."""


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
    limits = outside.Limits(
        in_flight=IN_FLIGHT,
        connect_seconds=CONNECT_SECONDS,
        answer_seconds=ANSWER_SECONDS,
        kept_seconds=KEPT_SECONDS,
        answer_bytes=ANSWER_BYTES,
        listens_for="Retry-After",
        public_only=not settings.OUTWARD_ALLOW_PRIVATE,
    )
    with Client(limits, _write, _read) as asking:
        yield from ask_many(asking, posts, IN_FLIGHT)


def _write(post: Post) -> outside.Request | Answer:
    try:
        if is_allowed(post.url):
            return outside.Request(post.url, post.headers, post.body.encode())
    except ValueError:
        return Answer(post.delivery_id, None, "cannot be written as a request")
    return Answer(post.delivery_id, None, "no address that may be posted to")


def _read(post: Post, answer: outside.Answer) -> Answer:
    if answer.status:
        return Answer(post.delivery_id, answer.status, asked=_asked(answer.heard))
    return Answer(post.delivery_id, None, "not a host of the internet" if answer.private else answer.fault)


def _asked(seconds: str) -> timedelta:
    return timedelta(seconds=int(seconds[:6])) if seconds.isascii() and seconds.isdigit() else timedelta(0)
