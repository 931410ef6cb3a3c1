"""Requests for tests: what came of each, in the order of their coming."""

from collections.abc import Sequence
from dataclasses import replace

from accounts.outside.client import Client
from accounts.outside.in_flight import ask_many
from accounts.outside.posts import Answer, Limits, Request

USUAL = Limits(in_flight=4, connect_seconds=5.0, answer_seconds=5.0, kept_seconds=5, answer_bytes=1024)


def keep(_item: object, answer: Answer) -> Answer:
    return answer


def same(request: Request) -> Request:
    return request


def post(*requests: Request, **limits: float | str) -> list[Answer]:
    """One after the other over the same connection, unless `in_flight` is given."""
    allowed = replace(USUAL, **({"in_flight": 1} | limits))  # type: ignore[arg-type]
    with Client(allowed, same, keep) as client:
        return [answer for answer in ask_many(client, requests, allowed.in_flight) if answer]


def to(url: str, *bodies: bytes) -> Sequence[Request]:
    return [Request(url, {}, body) for body in bodies]
