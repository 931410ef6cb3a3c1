"""`python -m benchmarks.limits.http_loop PORT N IN_FLIGHT`: a bare aiohttp loop that posts and records nothing."""

import asyncio
import sys
import time

import aiohttp

from benchmarks.children import answer


async def post_all(port: int, n: int, in_flight: int) -> None:
    numbers = iter(range(n))
    url = f"http://127.0.0.1:{port}/cgi-bin/sendsms"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as client:

        async def work() -> None:
            for number in numbers:
                headers = {"X-Kannel-To": "+8613900000001", "X-Kannel-DLR-URL": f"http://a.test/?reference={number:x}"}
                async with client.post(url, data=b"Harbour Bank: payment due", headers=headers) as response:
                    await response.read()

        await asyncio.gather(*(work() for _ in range(in_flight)))


def main() -> None:
    port, n, in_flight = map(int, sys.argv[1:4])
    started = time.monotonic()
    asyncio.run(post_all(port, n, in_flight))
    answer(seconds=time.monotonic() - started)


if __name__ == "__main__":
    main()
