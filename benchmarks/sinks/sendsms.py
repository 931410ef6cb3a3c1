"""`python -m benchmarks.sinks.sendsms [SECONDS]`: takes what is posted as Kannel does, and answers after SECONDS."""

import asyncio
import re
import sys
from collections import Counter
from typing import Final, cast

from benchmarks.sinks.control import serve

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
REFERENCE: Final = re.compile(rb"reference=([0-9a-f-]+)")
ACCEPTED: Final = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n\r\n0: Accepted for delivery"
)


class Phones:
    """The references that came, how often each, and how many requests there were at once."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.references: Counter[bytes] = Counter()
        self.now = self.most = 0

    def report(self) -> dict[str, int]:
        return {
            "messages": self.references.total(),
            "references": len(self.references),
            "most_at_once": self.most,
        }


class Gateway(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, phones: Phones, latency: float) -> None:
        self._phones = phones
        self._latency = latency
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        head = self._buffer[:end]
        length = LENGTH.search(head)
        if len(self._buffer) < end + len(HEAD_END) + (int(length[1]) if length else 0):
            return
        self._buffer = b""
        reference = REFERENCE.search(head)
        self._phones.references[reference[1] if reference else b""] += 1
        self._phones.now += 1
        self._phones.most = max(self._phones.most, self._phones.now)
        asyncio.get_running_loop().call_later(self._latency, self._answer)

    def _answer(self) -> None:
        self._phones.now -= 1
        if not self._transport.is_closing():
            self._transport.write(ACCEPTED)


def main() -> None:
    phones = Phones()
    latency = float(sys.argv[1]) if len(sys.argv) > 1 else 0.02
    asyncio.run(serve(lambda: Gateway(phones, latency), phones.report, phones.clear))


if __name__ == "__main__":
    main()
