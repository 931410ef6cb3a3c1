"""`python -m benchmarks.limits.ready_mail PORT N PAYLOAD`: ready-made mails over four connections, pipelined.

The limit of mail: nothing is claimed, rendered or recorded. Only the recipient and the Message-ID differ.
"""

import json
import socket
import sys
import threading
import time
import uuid
from itertools import pairwise
from pathlib import Path
from typing import Final

from benchmarks.children import answer

CONNECTIONS: Final = 4


def send(port: int, first: int, last: int, raw: bytes, reference: bytes) -> None:
    """The content of one mail and the commands of the next go out together: one round trip a mail."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await_lines(server, 1)
        server.sendall(b"EHLO limit.test\r\n")
        await_abilities(server)
        parts = raw.split(reference)
        server.sendall(commands(first))
        await_lines(server, 3)
        for number in range(first, last):
            own = str(uuid.UUID(int=number)).encode()
            following = commands(number + 1) if number + 1 < last else b""
            server.sendall(own.join(parts) + b".\r\n" + following)
            await_lines(server, 4 if following else 1)


def commands(number: int) -> bytes:
    return b"MAIL FROM:<limit@limit.test>\r\nRCPT TO:<limit%d@example.test>\r\nDATA\r\n" % number


def await_abilities(server: socket.socket) -> None:
    """The last line of a reply has a space after its code (RFC 5321, 4.2.1)."""
    got = b""
    while not (got.endswith(b"\r\n") and got.splitlines()[-1][3:4] == b" "):
        more = server.recv(65536)
        if not more:
            raise ConnectionError("The sink hung up.")
        got += more


def await_lines(server: socket.socket, lines: int) -> None:
    while lines > 0:
        got = server.recv(65536)
        if not got:
            raise ConnectionError("The sink hung up.")
        lines -= got.count(b"\n")


def main() -> None:
    port, n = int(sys.argv[1]), int(sys.argv[2])
    payload = json.loads(Path(sys.argv[3]).read_text())
    raw, reference = payload["raw"].encode(), payload["reference"].encode()
    bounds = [n * place // CONNECTIONS for place in range(CONNECTIONS + 1)]
    threads = [
        threading.Thread(target=send, args=(port, first, last, raw, reference))
        for first, last in pairwise(bounds)
        if first < last
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answer(seconds=time.monotonic() - started)


if __name__ == "__main__":
    main()
