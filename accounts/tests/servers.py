"""Servers for tests of what this house asks outside: each connection is served by a function on a thread."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Server:
    """`requests` are those that came whole; `over` is set when the test has ended."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def read(self, connection: socket.socket) -> bytes:
        """One request, head and body; empty once the client has gone."""
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return b""
            request += piece
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]


Serve = Callable[[socket.socket, Server], None]


def always(answer: bytes) -> Serve:
    """The same answer to each request, over the same connection."""

    def serve(connection: socket.socket, server: Server) -> None:
        while server.read(connection):
            connection.sendall(answer)

    return serve


@contextmanager
def run_server(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        server = Server(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def attend(connection: socket.socket) -> None:
            with suppress(OSError), tls.wrap_socket(connection, server_side=True) if tls else connection as safe:
                serve(safe, server)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    server.connections.append(listener.accept()[0])
                    threads.append(threading.Thread(target=attend, args=server.connections[-1:]))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in server.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for connection in server.connections:
                connection.close()


def find_closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
