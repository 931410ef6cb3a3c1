"""`python -m benchmarks.limits.http_loop PORT N IN_FLIGHT`: a bare libcurl loop that posts and records nothing."""

import sys
import time
from typing import Any

import pycurl

from benchmarks.children import answer


def post_all(port: int, n: int, in_flight: int) -> None:
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, in_flight)
    free = [_make_handle(port) for _ in range(in_flight)]
    begun = ended = 0
    while ended < n:
        while free and begun < n:
            handle = free.pop()
            reference = f"X-Kannel-DLR-URL: http://a.test/?reference={begun:x}"
            handle.setopt(pycurl.HTTPHEADER, ["X-Kannel-To: +8613900000001", reference])
            multi.add_handle(handle)
            begun += 1
        multi.perform()
        _, whole, broken = multi.info_read()
        for handle in whole + [handle for handle, *_ in broken]:
            multi.remove_handle(handle)
            free.append(handle)
            ended += 1
        if not (free and begun < n):
            multi.select(0.1)


def _make_handle(port: int) -> Any:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, f"http://127.0.0.1:{port}/cgi-bin/sendsms")
    handle.setopt(pycurl.POSTFIELDS, b"Harbour Bank: payment due")
    handle.setopt(pycurl.WRITEFUNCTION, len)
    handle.setopt(pycurl.NOSIGNAL, 1)
    return handle


def main() -> None:
    port, n, in_flight = map(int, sys.argv[1:4])
    started = time.monotonic()
    post_all(port, n, in_flight)
    answer(seconds=time.monotonic() - started)


if __name__ == "__main__":
    main()
