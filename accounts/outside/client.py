"""POST requests over HTTP/1.1 by libcurl: many at once, in the caller's own thread, and none of them ever twice.

libcurl sends a request again when a kept connection ends before any of its answer has come, though the server may have
acted on it. Before each sending it asks whether it may (CURLOPT_PREREQFUNCTION): it may once. The same question tells
what has certainly never left.
"""

import os
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

import certifi
import pycurl

from accounts.outside.addresses import PrivateHostError, open_public_socket

Headers = Mapping[str, str] | tuple[tuple[str, str], ...]
Item = TypeVar("Item")
Told = TypeVar("Told")

LOOK_AGAIN: Final = 0.1
"""Seconds after which libcurl's own timers are looked at; it is not asked for them, as few run."""
HELD_UP: Final = 1.0
"""Seconds for which a caller may be away; whatever is longer is not counted as waiting for answers."""
WHY: Final = {
    pycurl.E_ABORTED_BY_CALLBACK: "connection lost",
    pycurl.E_COULDNT_CONNECT: "no connection",
    pycurl.E_COULDNT_RESOLVE_HOST: "name not found",
    pycurl.E_GOT_NOTHING: "connection lost",
    pycurl.E_OPERATION_TIMEDOUT: "time-out",
    pycurl.E_PARTIAL_FILE: "answer broken off",
    pycurl.E_PEER_FAILED_VERIFICATION: "certificate not trusted",
    pycurl.E_RECV_ERROR: "connection lost",
    pycurl.E_SEND_ERROR: "connection lost",
    pycurl.E_SSL_CONNECT_ERROR: "no TLS",
    pycurl.E_UNSUPPORTED_PROTOCOL: "no HTTP",
    pycurl.E_URL_MALFORMAT: "no address",
    pycurl.E_FTP_WEIRD_SERVER_REPLY: "no HTTP",
}
FIXED: Final = (
    (pycurl.POST, 1),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.PROXY, ""),  # none, whatever the environment names
    (pycurl.NOSIGNAL, 1),
    (pycurl.USERAGENT, "Dueproof"),
)


class Request:
    """A POST. Headers may be pairs, where a name comes more than once; they and the body go out as they are given."""

    __slots__ = ("body", "lines", "target", "url")

    def __init__(self, url: str, headers: Headers, body: bytes = b"") -> None:
        """Raises ValueError for an address beyond ASCII, a header of more than one line, and half a letter."""
        self.url = url.encode("ascii")
        self.target = _target_of(self.url)
        self.lines = list(_write_headers(headers))
        self.body = body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    `status` is 0 where no answer began; `body` may be cut off at what the client reads. `fault` says in a few words why
    the answer is not whole, and is empty where it is, or was cut off. `left` is False where the request certainly never
    left; `private` is True where that was because its host is none of the internet. `heard` is the value of the one
    header that the client listens for.
    """

    status: int
    body: bytes = b""
    fault: str = ""
    left: bool = True
    private: bool = False
    heard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many at once; seconds until a connection stands, an answer is there whole from the beginning of its
    connection, and an idle connection is not used again; and the bytes of an answer that are read."""

    in_flight: int
    connect_seconds: float
    answer_seconds: float
    kept_seconds: int
    answer_bytes: int
    public_only: bool = False
    """Nothing is posted into our own network: the very address that is connected to is looked at."""
    listens_for: str = ""
    """The name of a header of answers."""


class Client(Generic[Item, Told]):
    """Asks for items what `write` makes of them, and tells what `judge` makes of the answers; a context manager.

    Where `write` already knows, it returns what is told instead of a request. Whatever it raises reaches the caller.
    Make it after a fork: connections are nobody else's.
    """

    def __init__(
        self, limits: Limits, write: Callable[[Item], Request | Told], judge: Callable[[Item, Answer], Told]
    ) -> None:
        self._write, self._judge = write, judge
        self._patience = limits.connect_seconds + limits.answer_seconds
        self._seen, self._held_up = monotonic(), 0.0
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, limits.in_flight)
        self._free = [_Line(limits) for _ in range(limits.in_flight)]
        self._busy: dict[Any, tuple[_Line, Item, float]] = {}
        self._ready: deque[tuple[Item, Request]] = deque()
        self._told: list[Told] = []

    def __enter__(self) -> "Client[Item, Told]":
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """What is in flight is let go of, and what is ready is never sent."""
        self._ready.clear()
        for line, _, _ in self._busy.values():
            self._multi.remove_handle(line.curl)
            self._free.append(line)
        for line in self._free:
            line.close()
        self._multi.close()

    def start(self, item: Item) -> None:
        """Ask as soon as there is room."""
        written = self._write(item)
        if isinstance(written, Request):
            self._ready.append((item, written))
            self._go_on()
        else:
            self._told.append(written)

    def take(self) -> list[Told]:
        """What has come; waits for the first. The room that it leaves is filled before it is told."""
        away = monotonic() - self._seen
        self._held_up += away if away > HELD_UP else 0.0
        self._multi.perform()
        self._collect()
        while not self._told and self._busy:
            if not self._multi.select(LOOK_AGAIN):
                sleep(0.001)  # select does not wait where a name is looked up and nothing else goes on
            self._multi.perform()
            self._collect()
        told, self._told = self._told, []
        self._seen = monotonic()
        return told

    def _go_on(self) -> None:
        while self._ready and self._free:
            item, request = self._ready.popleft()
            line = self._free.pop()
            line.load(request)
            self._busy[line.curl] = line, item, monotonic() - self._held_up + self._patience
            self._multi.add_handle(line.curl)

    def _collect(self) -> None:
        _, whole, broken = self._multi.info_read()
        for curl in whole:
            self._end(curl, "")
        for curl, code, _ in broken:
            self._end(curl, WHY.get(code, f"libcurl's error {code}"))
        for curl in self._overdue():
            self._end(curl, "time-out")
        if self._ready and self._free:
            self._go_on()
            self._multi.perform()

    def _overdue(self) -> list[Any]:
        """Those whose time is over, the oldest first. All that has come is read before."""
        now, late = monotonic() - self._held_up, []
        for curl, (_, _, until) in self._busy.items():
            if until > now:
                break
            late.append(curl)
        return late

    def _end(self, curl: Any, fault: str) -> None:
        line, item, _ = self._busy.pop(curl)
        answer = line.answer(fault)
        self._multi.remove_handle(curl)
        self._free.append(line)
        self._told.append(self._judge(item, answer))


class _Line:
    """One of libcurl's handles, prepared once, and what it hears of its present request."""

    def __init__(self, limits: Limits) -> None:
        self.curl: Any = pycurl.Curl()
        for option, value in (*FIXED, *_trust()):
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(1000 * limits.connect_seconds))
        self.curl.setopt(pycurl.MAXAGE_CONN, limits.kept_seconds)
        self.curl.setopt(pycurl.PREREQFUNCTION, self._may_leave)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._read)
        if limits.listens_for:
            self.curl.setopt(pycurl.HEADERFUNCTION, self._listen)
        if limits.public_only:
            self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        self._most = limits.answer_bytes
        self._header = limits.listens_for.lower().encode()
        self._sockets: list[socket] = []

    def load(self, request: Request) -> None:
        self.curl.setopt(pycurl.URL, request.url)
        self.curl.setopt(pycurl.REQUEST_TARGET, request.target)
        self.curl.setopt(pycurl.HTTPHEADER, request.lines)
        self.curl.setopt(pycurl.POSTFIELDS, request.body)
        self._body = self._heard = b""
        self._left = self._cut = self._private = False

    def answer(self, fault: str) -> Answer:
        self._drop_sockets()
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        return Answer(
            status if status >= HTTPStatus.OK else 0,  # below are words on the way to an answer
            self._body,
            "" if self._cut else fault,
            self._left,
            self._private and not self._left,
            self._heard.decode("latin-1"),
        )

    def close(self) -> None:
        self._drop_sockets()
        self.curl.close()

    def _may_leave(self, *_: object) -> int:
        if self._left:
            return int(pycurl.PREREQFUNC_ABORT)
        self._left = True
        return int(pycurl.PREREQFUNC_OK)

    def _read(self, more: bytes) -> int:
        self._cut = len(self._body) + len(more) > self._most
        self._body = (self._body + more)[: self._most]
        return 0 if self._cut else len(more)

    def _listen(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name.lower() == self._header:
            self._heard = value.strip()

    def _open(self, _purpose: int, address: Any) -> socket | int:
        try:
            opened = open_public_socket(address.family, address.socktype, address.protocol, str(address.addr[0]))
        except PrivateHostError:
            self._private = True
            return int(pycurl.SOCKET_BAD)
        self._sockets.append(opened)  # libcurl works on a duplicate
        return opened

    def _drop_sockets(self) -> None:
        while self._sockets:
            self._sockets.pop().close()


def _target_of(url: bytes) -> bytes:
    """Path and query letter by letter: libcurl would spell some anew, and not everybody knows its address then."""
    rest = url.partition(b"#")[0].partition(b"://")[2]
    begin = min(at for at in (rest.find(b"/"), rest.find(b"?"), len(rest)) if at >= 0)
    return rest[begin:] if rest[begin:].startswith(b"/") else b"/" + rest[begin:]


def _write_headers(headers: Headers) -> Iterator[bytes]:
    """As libcurl takes them: one without a value ends in a semicolon, one of its own is left out by a bare colon."""
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    for name, value in pairs:
        line = f"{name}: {value}" if value and not value.isspace() else f"{name};"
        if "\r" in line or "\n" in line or "\0" in line:
            raise ValueError("a header has one line")
        yield line.encode()
    yield b"Expect:"
    if not any(name.lower() == "content-type" for name, _ in pairs):
        yield b"Content-Type:"


def _trust() -> Iterator[tuple[int, str | None]]:
    """Whose certificates are believed: the system's, as Python finds it (SSL_CERT_FILE, SSL_CERT_DIR), or certifi's.

    A folder beside a file is looked at only where it was named: libcurl would read the file anew for each connection.
    """
    found = ssl.get_default_verify_paths()
    folder = found.capath if "SSL_CERT_DIR" in os.environ or not found.cafile else None
    if folder and not any(Path(folder).iterdir()):
        folder = None
    yield pycurl.CAINFO, found.cafile or (None if folder else certifi.where())
    yield pycurl.CAPATH, folder
