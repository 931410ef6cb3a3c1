"""The peer of text messages: one `requests` session, one message after another."""

import requests

from benchmarks.measure import Trial, expect, timed


def post_one_by_one(port: int, n: int) -> Trial:
    """Post `n` messages to the gateway on `port`."""
    taken: list[int] = []
    with requests.Session() as session:
        url = f"http://127.0.0.1:{port}/cgi-bin/sendsms"

        def post() -> None:
            for number in range(n):
                headers = {"X-Kannel-To": "+8613900000001", "X-Kannel-DLR-URL": f"http://a.test/?reference={number:x}"}
                taken.append(session.post(url, b"Harbour Bank: payment due", headers=headers, timeout=10).status_code)

        trial = timed(n, post)
    expect("messages that the gateway took from the peer", n, taken.count(202))
    return trial
