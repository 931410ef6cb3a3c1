"""JSON for tests and checks. Open to whoever reaches the port, as everything here is: it binds to this machine only."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web

from portal.sandbox.faults import BY_KEY, FAULTS
from portal.sandbox.messages import Recorded
from portal.sandbox.store import Store

LONGEST_WAIT: Final = 60.0


class Api:
    """Answers are objects; times are ISO 8601 in UTC. `coming` tells of how many messages receipts are to come."""

    def __init__(self, store: Store, coming: Callable[[], int]) -> None:
        self._store = store
        self._coming = coming

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/messages", self.list_messages),
            web.get("/api/copies", self.list_copies),
            web.get("/api/counts", self.show_counts),
            web.get("/api/faults", self.list_faults),
            web.post("/api/usual", self.change_usual),
            web.post("/api/reset", self.reset),
        ]

    async def list_messages(self, request: web.Request) -> web.Response:
        """`channel`, `to` and `reference` narrow the list.

        With `wait` in seconds, the answer comes as soon as there are `count` messages (default 1) that have `receipts`
        receipts each (default 0), or when the time is up.
        """
        wait = min(_read_number(request, "wait", 0.0), LONGEST_WAIT)
        count, receipts = _read_number(request, "count", 1.0), _read_number(request, "receipts", 0.0)
        try:
            async with asyncio.timeout(wait):
                while sum(len(message.receipts) >= receipts for message in self._find(request)) < count:
                    await self._store.wait_for_change()
        except TimeoutError:
            pass
        return web.json_response({"messages": [message.describe() for message in self._find(request)]})

    async def list_copies(self, request: web.Request) -> web.Response:
        """How often each reference of `channel` came: a list of Message-IDs for each, empty words for text messages."""
        return web.json_response(self._store.list_copies(request.query.get("channel", "")))

    async def show_counts(self, request: web.Request) -> web.Response:
        """Since the start or the last reset: messages by channel, receipts by word, and what was not taken; `coming`
        tells of how many messages receipts are still to come.
        """
        return web.json_response({**self._store.counts, "coming": self._coming()})

    async def list_faults(self, request: web.Request) -> web.Response:
        return web.json_response({fault.key: {"phone": fault.ending, "story": fault.story} for fault in FAULTS})

    async def change_usual(self, request: web.Request) -> web.Response:
        """From now on everyone whom the table does not name meets `fault`. `deliver` ends it, and so does a reset."""
        key = request.query.get("fault", "")
        if key not in BY_KEY:
            raise web.HTTPBadRequest(text=f"fault must be one of {', '.join(BY_KEY)}.")
        self._store.usual = BY_KEY[key]
        return web.json_response({"usual": key})

    async def reset(self, request: web.Request) -> web.Response:
        self._store.reset()
        return web.json_response({"reset": True})

    def _find(self, request: web.Request) -> list[Recorded]:
        query = request.query
        return self._store.find(query.get("channel", ""), query.get("to", ""), query.get("reference", ""))


def _read_number(request: web.Request, name: str, usual: float) -> float:
    try:
        return float(request.query.get(name, usual))
    except ValueError:
        raise web.HTTPBadRequest(text=f"{name} must be a number.") from None
