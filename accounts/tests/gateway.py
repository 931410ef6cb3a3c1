"""A real HTTP server in the place of Kannel, which keeps what it was asked to send."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Gateway:
    """`texts` are (number, text) in order; `answer` is the HTTP status to give."""

    url: str
    texts: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: int = 202

    @property
    def last_code(self) -> str:
        found = re.search(r"\b[0-9]{6}\b", self.texts[-1][1])
        assert found, self.texts[-1][1]
        return found.group()


@contextmanager
def running_gateway() -> Iterator[Gateway]:
    """Serve on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            gateway.texts.append((self.headers["X-Kannel-To"], body))
            gateway.headers.append(dict(self.headers))
            self.send_response(gateway.answer)
            self.end_headers()
            self.wfile.write(b"0: Accepted for delivery")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        gateway = Gateway(url=f"http://127.0.0.1:{server.server_port}/cgi-bin/sendsms")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield gateway
        finally:
            server.shutdown()
            thread.join()
