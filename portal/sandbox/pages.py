"""The sandbox's pages. Each shows itself anew while it is open, and works without that too."""

from typing import Any, Final

from aiohttp import web
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from notifications.channels.segments import segments
from portal.sandbox.faults import FAULTS
from portal.sandbox.mail_view import make_harmless
from portal.sandbox.messages import Recorded
from portal.sandbox.store import Store
from portal.sandbox.text_view import show_text

STATIC_FILES: Final = frozenset({"css/tokens.css", "css/sandbox.css", "django_htmx/htmx-2.min.js", "mark.svg"})
SHOWN: Final = 200
"""Messages or numbers on one page; older ones are found by the JSON interface."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Links in messages may hold a signed token: no page learns of it by the address of the page before.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Pages:
    """Draws from the store and never changes it."""

    def __init__(self, store: Store, unit: float) -> None:
        self._store = store
        self._unit = unit

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.show_index),
            web.get("/phone", self.list_phones),
            web.get("/phone/{number}", self.show_phone),
            web.get("/browser", self.list_browsers),
            web.get("/browser/{name}", self.show_browser),
            web.get("/mailbox", self.list_mail),
            web.get("/mailbox/{number:\\d{1,12}}", self.show_mail),
            web.get("/mailbox/{number:\\d{1,12}}/html", self.show_html),
            web.get("/mailbox/{number:\\d{1,12}}/raw", self.show_raw),
            web.get("/faults", self.list_faults),
            web.get("/static/{path:.+}", self.send_file),
        ]

    async def show_index(self, request: web.Request) -> web.Response:
        newest = self._store.find()[:-9:-1]
        counts = {word.replace(" ", "_"): count for word, count in self._store.counts.items()}
        origin = request.url.origin()
        where = {"gateway": str(origin / "cgi-bin/sendsms"), "push_service": str(origin / "push")}
        return self._draw(request, "index", {"counts": counts, "newest": newest, **where})

    async def list_phones(self, request: web.Request) -> web.Response:
        threads = _group_by_recipient(self._store.find("sms"))
        return self._draw(request, "phones", {"threads": threads[:SHOWN]})

    async def show_phone(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        thread = [
            {"message": message, "text": show_text(message.wording.text), "parts": segments(message.wording.text)}
            for message in self._store.find("sms", number)[-SHOWN:]
        ]
        return self._draw(request, "phone", {"number": number, "thread": thread})

    async def list_browsers(self, request: web.Request) -> web.Response:
        threads = _group_by_recipient(self._store.find("push"))
        push_service = str(request.url.origin() / "push")
        return self._draw(request, "browsers", {"threads": threads[:SHOWN], "push_service": push_service})

    async def show_browser(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        notices = self._store.find("push", name)[: -SHOWN - 1 : -1]
        return self._draw(request, "browser", {"name_of_browser": name, "notices": notices})

    async def list_mail(self, request: web.Request) -> web.Response:
        recipient = request.query.get("to", "")
        mails = self._store.find("email", recipient)[: -SHOWN - 1 : -1]
        return self._draw(request, "mailbox", {"mails": mails, "recipient": recipient})

    async def show_mail(self, request: web.Request) -> web.Response:
        mail = self._get_mail(request)
        return self._draw(request, "mail", {"mail": mail, "text": show_text(mail.wording.text)})

    async def show_html(self, request: web.Request) -> web.Response:
        page, headers = make_harmless(self._get_mail(request).wording.html)
        return web.Response(text=page, content_type="text/html", headers=HEADERS | headers)

    async def show_raw(self, request: web.Request) -> web.Response:
        return web.Response(body=self._get_mail(request).raw, content_type="text/plain", headers=HEADERS)

    async def list_faults(self, request: web.Request) -> web.Response:
        rows = [
            {
                "fault": fault,
                "steps": [{"word": step.word, "seconds": step.after * self._unit} for step in fault.steps],
            }
            for fault in FAULTS
        ]
        return self._draw(request, "faults", {"faults": rows})

    async def send_file(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        found = finders.find(path) if path in STATIC_FILES else None
        if not isinstance(found, str):
            raise web.HTTPNotFound
        return web.FileResponse(found)

    def _get_mail(self, request: web.Request) -> Recorded:
        mail = self._store.get(int(request.match_info["number"]))
        if mail is None or mail.channel != "email":
            raise web.HTTPNotFound(text="There is no such mail here; after a reset or a restart all mail is gone.")
        return mail

    def _draw(self, request: web.Request, name: str, facts: dict[str, Any]) -> web.Response:
        """A page, or only its living part for a page that is open; nothing at all where nothing has happened since."""
        seen = request.query.get("seen")
        if seen == str(self._store.version):
            return web.Response(status=204, headers=HEADERS)
        query = {key: value for key, value in request.query.items() if key != "seen"}
        refresh = str(request.rel_url.with_query({**query, "seen": str(self._store.version)}))
        facts |= {"refresh": refresh, "name": name}
        template = f"sandbox/{name}.html" if seen is None else f"sandbox/parts/{name}.html"
        return web.Response(text=render_to_string(template, facts), content_type="text/html", headers=HEADERS)


def _group_by_recipient(messages: list[Recorded]) -> list[dict[str, Any]]:
    """Each number once, the one with the newest message first."""
    threads: dict[str, dict[str, Any]] = {}
    for message in messages:
        known = threads.pop(message.recipient, {"count": 0})
        threads[message.recipient] = {"number": message.recipient, "last": message, "count": known["count"] + 1}
    return list(threads.values())[::-1]
