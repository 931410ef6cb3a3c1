"""What tests of channels talk to: the sandbox as a process of its own, and servers that misbehave on purpose."""

import asyncio
import atexit
import json
import os
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

from notifications.channels.base import Channel, Message, Outcome
from notifications.channels.bounce_listener import Store, make_bounce_server

ROOT = Path(__file__).resolve().parents[2]


def is_reference(reference: str) -> bool:
    """What these tests take for a reference of ours: any UUID."""
    try:
        return bool(uuid.UUID(reference))
    except ValueError:
        return False


def make_message(address: str, text: str = "Payment due tomorrow", **facts: str) -> Message:
    usual = {
        "reference": str(uuid.uuid4()),
        "subject": "Payment due tomorrow",
        "html": "",
        "language": "en",
        "action_url": "https://portal.example/a/token",
    }
    said = usual | facts
    return Message(
        said["reference"], address, said["subject"], text, said["html"], said["language"], said["action_url"]
    )


def hand_over(channel: Channel, messages: Iterable[Message]) -> list[Outcome]:
    """What became of each, in the order of their coming."""
    return [outcome for outcome in channel.send(messages) if outcome is not None]


@dataclass(frozen=True)
class SandboxProcess:
    """The sandbox, run as its users run it."""

    url: str
    smtp_port: int

    def list_messages(self, **query: object) -> list[dict[str, Any]]:
        """Waits, unless told otherwise, up to ten seconds for the first message that fits."""
        with urlopen(f"{self.url}api/messages?{urlencode({'wait': 10} | query)}") as answer:
            messages: list[dict[str, Any]] = json.load(answer)["messages"]
        return messages

    def read_counts(self) -> dict[str, int]:
        with urlopen(f"{self.url}api/counts") as answer:
            counts: dict[str, int] = json.load(answer)
        return counts

    def list_copies(self, channel: str) -> dict[str, list[str]]:
        """For each reference that came by this channel the Message-IDs of all its copies."""
        with urlopen(f"{self.url}api/copies?{urlencode({'channel': channel})}") as answer:
            copies: dict[str, list[str]] = json.load(answer)
        return copies

    def change_usual(self, fault: str) -> None:
        """What everybody meets from now on; `deliver` is what they met before."""
        self._post("usual", fault=fault)

    def reset(self) -> None:
        self._post("reset")

    def _post(self, what: str, **query: str) -> None:
        with urlopen(Request(f"{self.url}api/{what}?{urlencode(query)}", method="POST")):
            pass


@contextmanager
def run_sandbox(*options: str) -> Iterator[SandboxProcess]:
    command = [sys.executable, "manage.py", "sandbox", "--http-port=0", "--smtp-port=0", *options]
    environment = {"SECRET_KEY": "only-for-this-test", **os.environ}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1]
            port = int(process.stdout.readline().rsplit(":", 1)[-1])
            yield SandboxProcess(url, port)
        finally:
            process.terminate()


@contextmanager
def listen() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def find_free_port() -> int:
    """For a program that listens there soon. Somebody else may be faster."""
    with listen() as server:
        port: int = server.getsockname()[1]
    return port


def find_closed_port() -> int:
    """One on which nobody listens, or can before this process ends: it is taken, and every call is refused."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    atexit.register(taken.close)
    port: int = taken.getsockname()[1]
    return port


@dataclass
class MisbehavingServer:
    """Accepts connections and hands each to `serve` in a thread of its own; `requests` is for `serve` to note."""

    port: int
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def run_server(serve: Callable[[socket.socket, MisbehavingServer], None]) -> Iterator[MisbehavingServer]:
    with listen() as server:
        shared = MisbehavingServer(server.getsockname()[1])
        connections: list[socket.socket] = []

        def attend(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                serve(connection, shared)

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connections.append(connection)
                threads.append(threading.Thread(target=attend, args=(connection,)))
                threads[-1].start()

        threads = [threading.Thread(target=accept)]
        threads[0].start()
        try:
            yield shared
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def read_request(connection: socket.socket) -> bytes:
    """One HTTP request, head and body; empty once the client has gone."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65536)
        if not piece:
            return b""
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def write_answer(status: str, body: str, **headers: str) -> bytes:
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n{body}".encode()


@contextmanager
def receive_callbacks(answers: Mapping[int, int] | None = None) -> Iterator[tuple[str, "Queue[dict[str, str]]"]]:
    """An HTTP server for delivery callbacks, with the queue of their queries.

    `answers` maps a call's number, from 1, to a status other than 200.
    """
    received: Queue[dict[str, str]] = Queue()
    calls = iter(range(1, 1_000_000))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.put(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))
            self.send_response((answers or {}).get(next(calls), 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 1024
        """As web servers have it; with the usual five, connections wait seconds for a second try."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/callback", received
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def receive_bounces(store: Store, domain: str = "bounces.example") -> Iterator[int]:
    """The bounce listener on a thread; gives its port."""
    ready: Queue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        server = await loop.create_server(lambda: make_bounce_server(store, is_reference, domain, loop), "127.0.0.1", 0)
        ready.put((server.sockets[0].getsockname()[1], loop, stopped))
        await stopped.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    port, loop, stopped = ready.get(timeout=10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
