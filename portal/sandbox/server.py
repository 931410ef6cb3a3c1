"""The sandbox as one whole: a web server and a mail server around one store, on one event loop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from accounts.management.listening import CannotListenError, says_where
from portal.sandbox.api import Api
from portal.sandbox.browsers import Browsers
from portal.sandbox.callbacks import CallbackSender
from portal.sandbox.delivery_reports import NAME, ReportSender
from portal.sandbox.pages import Pages
from portal.sandbox.push_service import PushService
from portal.sandbox.receipts import Timetable
from portal.sandbox.sendsms import SendSms
from portal.sandbox.smtp import SIZE_LIMIT, MailHandler, MailServer
from portal.sandbox.store import Store

STOP_SECONDS: Final = 1.0
HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Where the sandbox listens, where it reports to, and how fast. Port 0 takes a free one. Times in seconds."""

    host: str = "127.0.0.1"
    http_port: int = 8080
    smtp_port: int = 8025
    bounce_host: str = "127.0.0.1"
    bounce_port: int = 8026
    username: str = "sandbox"
    password: str = "sandbox"  # noqa: S105  (known to everyone: it guards nothing)
    unit: float = 1.0
    retry_seconds: float = 2.0


@web.middleware
async def refuse_other_hosts(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A page on the internet whose name is made to point here must not read sign-in codes through its visitor."""
    host = request.host.rpartition(":")[0] if ":" in request.host else request.host
    if host not in HOSTS:
        raise web.HTTPMisdirectedRequest(text="The sandbox answers to this machine's own names only.")
    return await handler(request)


class Sandbox:
    """Use as `async with Sandbox(arrangement) as sandbox`."""

    def __init__(self, arrangement: Arrangement) -> None:
        self._arrangement = arrangement
        self.store = Store()
        self.http_port = arrangement.http_port
        self.smtp_port = arrangement.smtp_port

    async def __aenter__(self) -> "Sandbox":
        plan = self._arrangement
        self._timetable = Timetable(plan.unit)
        self._callbacks = CallbackSender(self.store, plan.retry_seconds)
        self._browsers = Browsers(self.store, plan.retry_seconds)
        self._reports = ReportSender(self.store, plan.bounce_host, plan.bounce_port, plan.retry_seconds)
        self._web: web.AppRunner | None = None
        self._mail_server: asyncio.Server | None = None
        try:
            with says_where(plan.host, plan.http_port):
                await self._open_web()
            with says_where(plan.host, plan.smtp_port):
                await self._open_mail()
        except CannotListenError:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._mail_server:
            self._mail_server.close()
        await self._timetable.close()
        if self._web:
            await self._web.cleanup()
        await self._callbacks.close()
        await self._browsers.close()
        await self._reports.close()

    async def _open_web(self) -> None:
        plan = self._arrangement
        gateway = SendSms(self.store, self._timetable, self._callbacks, plan.username, plan.password)
        application = web.Application(middlewares=[refuse_other_hosts])
        application.add_routes(Api(self.store, self._count_coming).routes() + Pages(self.store, plan.unit).routes())
        application.add_routes(PushService(self.store, self._timetable, self._browsers).routes())
        application.router.add_get("/cgi-bin/sendsms", gateway.handle)
        application.router.add_post("/cgi-bin/sendsms", gateway.handle)
        # A gateway that hangs must not go on hanging once its caller has given up.
        self._web = web.AppRunner(
            application, handler_cancellation=True, access_log=None, shutdown_timeout=STOP_SECONDS
        )
        await self._web.setup()
        site = web.TCPSite(self._web, plan.host, plan.http_port)
        await site.start()
        self.http_port = self._web.addresses[0][1]

    def _count_coming(self) -> int:
        return self._timetable.coming + self._reports.coming

    async def _open_mail(self) -> None:
        plan = self._arrangement
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        handler = MailHandler(self.store, self._timetable, self._reports)
        loop = asyncio.get_running_loop()

        def make_server() -> MailServer:
            return MailServer(handler, hostname=NAME, data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, loop=loop)

        self._mail_server = await loop.create_server(make_server, plan.host, plan.smtp_port)
        self.smtp_port = self._mail_server.sockets[0].getsockname()[1]
