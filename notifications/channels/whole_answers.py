"""Answers by `requests` that come whole within their time, or not at all.

Its time-out is for each look at the connection: an answer of one octet each fifteen seconds would never end, and hold
a worker until it is killed; one that never ends would fill its memory.
"""

from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from time import monotonic
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

MOST_OCTETS: Final = 1_000_000
"""No firm's answer to one mail is near that."""


class _InTime(RawIOBase):
    """What a socket brings within its time-out, counted from now; raises TimeoutError after that, and OSError where it
    is too much.
    """

    def __init__(self, line: socket) -> None:
        self._line = line
        self._octets: Any = line.makefile("rb", buffering=0)  # keeps the socket open as long as it is read
        self._patience = line.gettimeout()
        self._until = None if self._patience is None else monotonic() + self._patience
        self._room = MOST_OCTETS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self._until is not None and (left := self._until - monotonic()) <= 0:
            raise TimeoutError("the answer is not whole in time")
        if self._room <= 0:
            raise OSError("the answer is too long")
        self._line.settimeout(None if self._until is None else left)
        try:
            count = int(self._octets.readinto(buffer))
        finally:
            self._line.settimeout(self._patience)  # the next request has all of it again
        self._room -= count
        return count

    def close(self) -> None:
        self._octets.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self.fp.close()
        self.fp = BufferedReader(_InTime(sock))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **named: Any) -> Any:
        manager = super().proxy_manager_for(*args, **named)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


def ask_for_whole_answers(session: requests.Session) -> None:
    """From now on the second of this session's time-outs is for an answer as a whole."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
