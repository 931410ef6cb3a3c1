"""A partner's server that events are posted to, for tests: it notes each post and answers as it is told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Posted:
    """One post as it came."""

    path: str
    headers: Mapping[str, str]
    body: str

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class PartnerServer:
    """`answer` gives the status, or None to drop the connection, for each post; `extra` are headers of the answer."""

    url: str = ""
    answer: Callable[[Posted], int | None] = lambda _posted: 200
    extra: Mapping[str, str] = field(default_factory=dict)
    posts: list[Posted] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    @property
    def webhook_ids(self) -> list[str]:
        return [posted.webhook_id for posted in self.posts]


@contextmanager
def run_partner_server() -> Iterator[PartnerServer]:
    partner = PartnerServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            posted = Posted(self.path, headers, body)
            partner.posts.append(posted)
            partner.came.set()
            status = partner.answer(posted)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in partner.extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    partner.url = f"http://127.0.0.1:{server.server_address[1]}/events"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield partner
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
