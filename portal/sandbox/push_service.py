"""A push service (RFC 8030) for browsers of any name: `GET /push/<name>` is the browser that subscribes, `POST` there
pushes to it. The part of a name after `+` is its fault."""

import asyncio
from base64 import urlsafe_b64encode
from urllib.parse import quote, urlsplit

from aiohttp import web

from portal.sandbox.browser_keys import UnreadableError, public_key_of, read_body, secret_of
from portal.sandbox.browsers import Browsers, Notice
from portal.sandbox.faults import Fault, Handling, Word, find_fault_of_browser
from portal.sandbox.messages import Recorded, Wording
from portal.sandbox.push_requests import RefusedPushError, check_push
from portal.sandbox.receipts import OVERTAKEN_SECONDS, Timetable
from portal.sandbox.store import Store

NAME = r"{name:[\w.+@-]{1,80}}"
GONE = "gone"


class PushService:
    """Like a real one it keeps only the newest message of a topic that its browser has not shown yet."""

    def __init__(self, store: Store, timetable: Timetable, browsers: Browsers) -> None:
        self._store = store
        self._timetable = timetable
        self._browsers = browsers

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"/push/{NAME}", self.subscribe),
            web.post(f"/push/{NAME}", self.take),
            web.post("/browser/{number:\\d{1,12}}/know", self.press),
        ]

    async def subscribe(self, request: web.Request) -> web.Response:
        """The subscription, as a browser's `PushSubscription.toJSON()` writes it."""
        name = request.match_info["name"]
        keys = {"p256dh": _encode(public_key_of(name)), "auth": _encode(secret_of(name))}
        return web.json_response({"endpoint": str(request.url.origin() / "push" / name), "keys": keys})

    async def take(self, request: web.Request) -> web.StreamResponse:
        name, body = request.match_info["name"], await request.read()
        fault = find_fault_of_browser(name)
        try:
            check_push(request.headers, body, str(request.url.origin()))
            self._refuse(fault, f"{name} {request.headers.get('Topic', '')}")
            text = read_body(name, body)
        except RefusedPushError as refusal:
            self._store.note_refusal("push", str(fault.handling))
            return web.Response(status=refusal.status, text=refusal.words)
        except UnreadableError as error:
            # A real service would take it, and the browser drop it without a word.
            self._store.note_refusal("push", "unreadable")
            return web.Response(status=400, text=str(error))
        if fault.handling is Handling.HANG:
            self._store.note_refusal("push", fault.handling)
            await asyncio.Event().wait()
        return await self._keep(make_message(name, request.headers.get("Topic", ""), text, fault), fault, request)

    def _refuse(self, fault: Fault, attempt: str) -> None:
        if fault.handling is Handling.REJECT:
            gone = fault.key == GONE
            raise RefusedPushError(410 if gone else 400, "Gone" if gone else "Refused for good")
        if fault.handling is Handling.FAIL_TWICE and self._store.count_attempt(attempt) <= 2:
            raise RefusedPushError(503, "Later")
        if fault.handling is Handling.BREAK:
            raise RefusedPushError(500, "")

    async def _keep(self, message: Recorded, fault: Fault, request: web.Request) -> web.StreamResponse:
        self._overtake(message)
        self._store.add(message)
        self._timetable.follow(message, fault, self._report)
        if fault.handling is Handling.TAKE_LATE:
            await self._store.wait_for_receipt(message, OVERTAKEN_SECONDS)
        if fault.handling is Handling.DROP and request.transport is not None:
            request.transport.abort()
        location = str(request.url.origin() / "push" / "messages" / str(message.number))
        return web.Response(status=201, headers={"Location": location, "TTL": request.headers["TTL"]})

    def _overtake(self, message: Recorded) -> None:
        """RFC 8030, section 5.4."""
        same = self._store.find("push", message.recipient, message.reference) if message.reference else []
        for earlier in same:
            if not earlier.receipts:
                earlier.overtaken = True
                self._store.forget(earlier)

    async def _report(self, message: Recorded, word: Word) -> None:
        if not message.overtaken:
            await self._browsers.report(message, word)

    async def press(self, request: web.Request) -> web.Response:
        """The page's button: the browser's owner presses the one of the notice."""
        message = self._store.get(int(request.match_info["number"]))
        if message is None or message.channel != "push":
            raise web.HTTPNotFound
        await self._browsers.press(message, Notice.read(message.raw))
        raise web.HTTPSeeOther(f"/browser/{quote(message.recipient)}")


def make_message(name: str, topic: str, text: bytes, fault: Fault) -> Recorded:
    """What its browser reads of it: `raw` is the text that only this browser could read."""
    notice = Notice.read(text)
    wording = Wording(
        sender=urlsplit(notice.url).netloc, subject=notice.title, text=notice.body, link=notice.url, answer=notice.know
    )
    return Recorded(
        channel="push",
        recipient=name,
        reference=topic,
        raw=text,
        read=lambda _: wording,
        fault=fault.key,
        report_to=notice.address("received"),
        report_on=frozenset({Word.DELIVERED.value}),
    )


def _encode(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")
