"""libcurl's handles, each prepared once and used again for one request after the other.

libcurl sends a request again when a kept connection ends before any of its answer has come, though the server may have
acted on it. Before each sending it asks whether it may (CURLOPT_PREREQFUNCTION): it may once. The same question tells
what has certainly never left; and as libcurl looks for connections that have ended only once a second, the one that is
about to be used is looked at there.
"""

import select
import ssl
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from socket import socket
from typing import Any, Final

import certifi
import pycurl

from accounts.outside.addresses import PrivateHostError, open_public_socket
from accounts.outside.posts import Answer, Limits, Request

Ends = tuple[str, str, int, int]
"""Addresses and ports of a connection, which nothing but it has while it stands."""

GO: Final[int] = pycurl.PREREQFUNC_OK
ABORT: Final[int] = pycurl.PREREQFUNC_ABORT
FIXED: Final = (
    (pycurl.POST, 1),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.PROXY, ""),  # none, whatever the environment names
    (pycurl.NOSIGNAL, 1),
    (pycurl.USERAGENT, "Dueproof"),
)
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


class Kept:
    """The connections that may be used again, the last used last; more than `most` cannot be alive."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._watches: dict[Ends, select.poll] = {}

    def add(self, ends: Ends, descriptors: Sequence[int]) -> None:
        watch = select.poll()
        if len(descriptors) == 1:  # else it is one of several that were tried at once, and nobody says which
            watch.register(descriptors[0], select.POLLIN)
        self._watches[ends] = watch
        if len(self._watches) > self._most:
            del self._watches[next(iter(self._watches))]

    def has_ended(self, ends: Ends) -> bool:
        """Whether anything came over it while nothing was asked: its end, or what nobody should have said."""
        if (watch := self._watches.pop(ends, None)) is None or watch.poll(0):
            return watch is not None
        self._watches[ends] = watch
        return False


class Line:
    """One of libcurl's handles, prepared once, and what it hears of its present request."""

    def __init__(self, limits: Limits, trust: Iterable[tuple[int, str | None]], kept: Kept) -> None:
        self._kept = kept
        self.curl: Any = pycurl.Curl()
        for option, value in (*FIXED, *trust):
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(1000 * limits.connect_seconds))
        self.curl.setopt(pycurl.MAXAGE_CONN, limits.kept_seconds)
        self.curl.setopt(pycurl.PREREQFUNCTION, self._may_leave)
        self.curl.setopt(pycurl.SOCKOPTFUNCTION, self._connect)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._read)
        if limits.listens_for:
            self.curl.setopt(pycurl.HEADERFUNCTION, self._listen)
        if limits.public_only:
            self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        self._most = limits.answer_bytes
        self._header = limits.listens_for.lower().encode()
        self._sockets: list[socket] = []
        self._descriptors: list[int] = []

    def load(self, request: Request) -> None:
        self.curl.setopt(pycurl.URL, request.url)
        self.curl.setopt(pycurl.REQUEST_TARGET, request.target)
        self.curl.setopt(pycurl.HTTPHEADER, request.lines)
        self.curl.setopt(pycurl.POSTFIELDS, request.body)
        self._body = self._heard = b""
        self._descriptors.clear()
        self._left = self._cut = self._private = self._ended_before = False

    def answer(self, code: int) -> Answer:
        """What there is of it, once libcurl has ended with one of its codes."""
        private = self._private and not self._sockets
        self._drop_sockets()
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        if status < HTTPStatus.OK:  # words on the way to an answer
            status, code = 0, code or pycurl.E_FTP_WEIRD_SERVER_REPLY
        fault = "" if self._cut or code == pycurl.E_OK else WHY.get(code, f"libcurl's error {code}")
        return Answer(status, self._body, fault, self._left, private, self._heard.decode("latin-1"))

    def may_go_again(self) -> bool:
        """Whether its connection had ended before it left; there are no more such than are kept."""
        again, self._ended_before = self._ended_before, False
        return again

    def close(self) -> None:
        self._drop_sockets()
        self.curl.close()

    def _connect(self, descriptor: int, _purpose: int) -> int:
        self._descriptors.append(descriptor)
        return int(pycurl.SOCKOPT_OK)

    def _may_leave(self, *ends: Any) -> int:
        if self._left:
            return ABORT
        if self._descriptors:
            self._kept.add(ends, self._descriptors)
            self._descriptors.clear()
        elif self._kept.has_ended(ends):
            self._ended_before = True
            return ABORT
        self._left = True
        return GO

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


def find_trust() -> Iterator[tuple[int, str | None]]:
    """Whose certificates are believed: the system's, as Python finds it (SSL_CERT_FILE, SSL_CERT_DIR), or certifi's."""
    found = ssl.get_default_verify_paths()
    folder = found.capath if found.capath and any(Path(found.capath).iterdir()) else None
    yield pycurl.CAINFO, found.cafile or (None if folder else certifi.where())
    yield pycurl.CAPATH, folder
