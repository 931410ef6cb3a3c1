"""Providers that tests of channels talk to over HTTP: they note what they are asked and answer as they are told."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What is answered; `drops` ends the connection instead, `hangs` never answers."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    drops: bool = False
    hangs: bool = False


DROP: Final = Answer(drops=True)
HANG: Final = Answer(hangs=True)


@dataclass
class Provider:
    """A running one."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def run_provider(answer: Answer | Callable[[Asked], Answer]) -> Iterator[Provider]:
    """A web server on a thread of its own; `answer` is for each request, or finds one for it."""
    provider = Provider()
    ready: Queue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = Asked(request.method, request.raw_path, dict(request.headers), await request.read())
        provider.asked.append(asked)
        given = answer(asked) if callable(answer) else answer
        if given.hangs:
            await asyncio.Event().wait()
        if given.drops and request.transport is not None:
            request.transport.abort()
        return web.Response(status=given.status, body=given.body.encode(), headers=given.headers)

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        stopped = asyncio.Event()
        ready.put((runner.addresses[0][1], asyncio.get_running_loop(), stopped))
        await stopped.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    port, loop, stopped = ready.get(timeout=10)
    provider.url = f"http://127.0.0.1:{port}"
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
