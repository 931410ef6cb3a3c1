"""How a sink is asked what it got: by its standard input, on the loop that serves."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.children import answer

Report = Callable[[], dict[str, Any]]


async def serve(protocol: Callable[[], asyncio.Protocol], report: Report, reset: Callable[[], None]) -> None:
    """Listen on a free port and say which; answer `report` and `reset` until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=1024)
    ended = asyncio.Event()

    def listen() -> None:
        line = sys.stdin.buffer.readline()
        if not line:
            ended.set()
        elif "report" in json.loads(line):
            answer(**report())
        else:
            reset()
            answer(ready=True)

    loop.add_reader(sys.stdin.fileno(), listen)
    answer(port=server.sockets[0].getsockname()[1])
    await ended.wait()
    server.close()
