"""Asks a web server many times over a few kept connections, cheaply, so that it is the server that is measured."""

import asyncio
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSED: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
WITHOUT_BODY: Final = (204, 304)


@dataclass(frozen=True, slots=True)
class Answer:
    """`seconds` from the last byte asked to the last byte answered."""

    status: int
    seconds: float
    head: bytes
    body: bytes


def write_request(path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """A GET, or with a body a POST."""
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept-Language: en"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [] if body is None else [f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def ask_all(port: int, requests: Sequence[bytes], *, connections: int, kept: int = sys.maxsize) -> list[Answer]:
    """An answer for each request, in the order of the requests; a connection serves `kept` of them. Raises
    ConnectionError when the server hangs up.
    """
    return asyncio.run(_ask_all(port, requests, connections, kept))


async def _ask_all(port: int, requests: Sequence[bytes], connections: int, kept: int) -> list[Answer]:
    answers: dict[int, Answer] = {}
    waiting = iter(enumerate(requests))
    loop = asyncio.get_running_loop()
    count = min(connections, len(requests))
    lines = [Line(port, waiting, answers, loop.create_future(), kept) for _ in range(count)]
    for line in lines:
        await line.connect()
    await asyncio.gather(*(line.done for line in lines))
    return [answers[place] for place in range(len(requests))]


class Line(asyncio.Protocol):
    """One connection, opened again where the server closes it after an answer."""

    def __init__(
        self,
        port: int,
        waiting: Iterator[tuple[int, bytes]],
        answers: dict[int, Answer],
        done: "asyncio.Future[None]",
        kept: int,
    ) -> None:
        self.done = done
        self._kept = kept
        self._port = port
        self._waiting = waiting
        self._answers = answers
        self._request: tuple[int, bytes] | None = None
        self._closing = False

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._closing = False
        self._left = self._kept
        self._next()

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(HEAD_END)
        if end < 0:
            return
        head, body = self._got[: end + 2], self._got[end + len(HEAD_END) :]
        status, length = int(head[9:12]), LENGTH.search(head)
        if status not in WITHOUT_BODY and len(body) < (int(length[1]) if length else 0):
            return
        assert self._request
        self._answers[self._request[0]] = Answer(status, time.monotonic() - self._asked, head, body)
        self._request = None
        self._left -= 1
        if CLOSED.search(head) or not self._left:
            self._closing = True
            self._transport.close()
        else:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if self._request is not None and not self._closing:
            self.done.set_exception(error or ConnectionError("The server hung up over a request."))
        else:
            self._reconnecting = asyncio.get_running_loop().create_task(self.connect())

    def _next(self) -> None:
        self._request = next(self._waiting, None)
        if self._request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._got = b""
        self._asked = time.monotonic()
        self._transport.write(self._request[1])


def percentile(answers: Iterable[Answer], part: float) -> float:
    """The latency that so large a part of the answers kept, in seconds."""
    ordered = sorted(answer.seconds for answer in answers)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
