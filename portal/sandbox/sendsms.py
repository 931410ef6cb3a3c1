"""Kannel's sendsms: by GET with a query, or by POST with the text as body and the rest in X-Kannel headers."""

import asyncio
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from portal.sandbox.callbacks import CallbackSender
from portal.sandbox.faults import Fault, Handling, find_fault_of_phone
from portal.sandbox.messages import Recorded, Wording
from portal.sandbox.receipts import BEHIND, OVERTAKEN_SECONDS, Timetable
from portal.sandbox.store import Store

ACCEPTED = "0: Accepted for delivery"
PASSWORD = re.compile(r"(\bpassword=)[^&]*")
FIELDS = ("username", "password", "from", "to", "coding", "dlr-mask", "dlr-url")


class RefusedError(Exception):
    """A request that is answered in Kannel's words, without a message coming of it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class SendSms:
    """The gateway's one address."""

    def __init__(
        self, store: Store, timetable: Timetable, callbacks: CallbackSender, username: str, password: str
    ) -> None:
        self._store = store
        self._timetable = timetable
        self._callbacks = callbacks
        self._login = f"{username}\n{password}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            fields = await read_fields(request)
            self._check(fields)
        except RefusedError as refusal:
            self._store.note_refusal("sms", "refused request")
            return _answer(refusal.status, refusal.words)
        fault = find_fault_of_phone(fields["to"], self._store.usual)
        message = make_message(fields, fault, await _read_raw(request))
        return await self._deal_with(message, fault, request)

    def _check(self, fields: Mapping[str, str]) -> None:
        login = f"{fields.get('username', '')}\n{fields.get('password', '')}"
        if not hmac.compare_digest(login.encode(), self._login.encode()):
            raise RefusedError(403, "Authorization failed for sendsms")
        if "to" not in fields:
            raise RefusedError(400, "Missing receiver number, rejected")
        if not fields["to"].strip():
            raise RefusedError(400, "Empty receiver number not allowed, rejected")
        if not fields["to"].lstrip("+").isdigit():
            raise RefusedError(400, "Number(s) has/have been denied by white- and/or black-lists.")
        if not fields.get("from"):
            raise RefusedError(400, "Sender missing and no global set, rejected")
        if not fields.get("dlr-mask", "0").isdigit() or int(fields.get("dlr-mask", "0")) > 63:
            raise RefusedError(400, "DLR-Mask field misformed, rejected")
        if not fields.get("dlr-url", "http://").startswith(("http://", "https://")):
            raise RefusedError(400, "DLR-URL field misformed, rejected")

    async def _deal_with(self, message: Recorded, fault: Fault, request: web.Request) -> web.StreamResponse:
        handling = fault.handling
        if handling is Handling.FAIL_TWICE and self._store.count_attempt(message.reference) <= 2:
            self._store.note_refusal("sms", handling)
            return _answer(503, "Temporal failure, try again later.")
        if handling in (Handling.REJECT, Handling.BREAK, Handling.HANG):
            self._store.note_refusal("sms", handling)
            if handling is Handling.HANG:
                await asyncio.Event().wait()
            return _answer(403, "Not routable. Do not try again.") if handling is Handling.REJECT else _answer(500, "")
        self._store.add(message)
        self._timetable.follow(message, fault, self._callbacks.report)
        if handling is Handling.TAKE_LATE:
            await self._store.wait_for_receipt(message, OVERTAKEN_SECONDS)
            await asyncio.sleep(BEHIND * self._timetable.unit)
        if handling is Handling.DROP and request.transport is not None:
            request.transport.abort()
        return _answer(202, ACCEPTED)


async def read_fields(request: web.Request) -> dict[str, str]:
    """sendsms' fields under their names in a query, wherever they came from. Raises RefusedError."""
    if request.method == "GET":
        # Kannel's escapes are no valid encoding once decoded twice, so the query is read from its raw form, once.
        return dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
    if request.content_type not in ("text/plain", "application/octet-stream"):
        raise RefusedError(400, "Invalid content-type")
    fields = {name: request.headers[f"X-Kannel-{name}"] for name in FIELDS if f"X-Kannel-{name}" in request.headers}
    try:
        fields["text"] = (await request.read()).decode(request.charset or "utf-8")
    except (UnicodeDecodeError, LookupError):
        raise RefusedError(400, "Charset or body misformed, rejected") from None
    return fields


def make_message(fields: Mapping[str, str], fault: Fault, raw: bytes) -> Recorded:
    """The request as a message. The reference is the one that its callback carries."""
    report_to = fields.get("dlr-url", "")
    mask = int(fields.get("dlr-mask", "0"))
    wording = Wording(sender=fields["from"], text=fields.get("text", ""))
    return Recorded(
        channel="sms",
        recipient=fields["to"].strip(),
        reference=dict(parse_qsl(urlsplit(report_to).query)).get("reference", ""),
        raw=raw,
        read=lambda _: wording,
        fault=fault.key,
        report_to=report_to,
        report_on=frozenset(str(bit) for bit in (1, 2, 4, 8, 16) if mask & bit),
    )


async def _read_raw(request: web.Request) -> bytes:
    """The request as it came, less its password."""
    target = PASSWORD.sub(r"\1", request.raw_path)
    head = [f"{request.method} {target} HTTP/1.1"]
    head += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "x-kannel-password"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + await request.read()


def _answer(status: int, words: str) -> web.Response:
    return web.Response(status=status, text=words, headers={"Server": "Kannel/1.4.5 (sandbox)"})
