"""What is posted, what may be posted again, and what answers may do to whoever asked."""

import socket
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.outside import client
from accounts.outside.client import Client
from accounts.outside.posts import Answer, Request
from accounts.tests.asking import USUAL, keep, post, same, to
from accounts.tests.servers import OK, Serve, Server, always, find_closed_port, run_server

# What goes out -------------------------------------------------------------------------------------------------------


def test_headers_and_body_go_out_as_they_are_given() -> None:
    body = bytes(range(256)) * 9000  # more than libcurl would ask leave for (100-continue)
    pairs = (("X-Name", "one"), ("X-Name", "two"), ("X-Empty", ""), ("X-Wide", "港湾"), ("Host", "elsewhere.example"))
    with run_server(always(OK)) as server:
        [answer] = post(Request(server.url, pairs, body))
    head, _, got = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert answer == Answer(200, b"ok")
    assert got == body
    assert lines[0] == "POST / HTTP/1.1"
    assert [line for line in lines if line.startswith("X-")] == [
        "X-Name: one",
        "X-Name: two",
        "X-Empty:",
        "X-Wide: 港湾",
    ]
    names = [line.partition(":")[0].lower() for line in lines[1:] if not line.startswith("X-")]
    assert sorted(names) == ["accept", "content-length", "host", "user-agent"]
    assert "Host: elsewhere.example" in lines


@given(st.text(st.sampled_from("a/.%3dDeE?=&~!*';:@+,$[]|^`\"<>{}\\#"), max_size=30))
def test_an_address_goes_out_letter_by_letter(path: str) -> None:
    with run_server(always(OK)) as server:
        [answer] = post(Request(f"{server.url}{path}", {}))
    assert answer.status == 200 or not answer.left
    for request in server.requests:
        assert request.split(b"\r\n")[0].decode() == f"POST /{path.partition('#')[0]} HTTP/1.1"


@pytest.mark.parametrize("text", ["a\r\nX-Other: b", "a\nb", "a\0b", "half a letter: \ud83d"])
def test_what_no_header_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Request("http://a.example/", {"X-Name": text})


@pytest.mark.parametrize("url", ["", "http://a b/", "http://a/\r\nX: y", "http://a/\0", "http://ä/"])
def test_what_is_not_written_as_an_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        Request(url, {})


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/hostname", "http://", "a", "http://a:99999/"])
def test_what_is_no_address_of_http_is_not_asked(url: str) -> None:
    [answer] = post(Request(url, {}))
    assert (answer.status, answer.left) == (0, False)


def test_nothing_of_an_answer_comes_back_with_the_next_request() -> None:
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=b\r\nAlt-Svc: h2=":1"\r\n\r\n'
    with run_server(always(answer)) as server:
        post(*to(server.url, b"1", b"2"))
    assert len(server.requests) == 2
    assert server.requests[0][:-1] == server.requests[1][:-1]


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with run_server(always(OK)) as proxy, run_server(always(OK)) as server:
        for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        [answer] = post(*to(server.url, b""))
    assert (answer.status, len(server.requests), proxy.requests) == (200, 1, [])


# What answers may do -------------------------------------------------------------------------------------------------


def goes_on(head: bytes, more: bytes) -> Serve:
    def serve(connection: socket.socket, server: Server) -> None:
        server.read(connection)
        connection.sendall(head)
        while not server.over.wait(0 if len(more) > 99 else 0.02):
            connection.sendall(more)

    return serve


LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"


@pytest.mark.parametrize(
    ("serve", "status"),
    [
        (goes_on(LONG, b"."), 200),
        (goes_on(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), 200),
        (goes_on(b"HTTP/1.1", b" "), 0),
        (goes_on(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), 0),
    ],
)
def test_what_drips_ends_by_the_limit(serve: Serve, status: int) -> None:
    with run_server(serve) as server:
        begun = monotonic()
        [answer] = post(*to(server.url, b""), connect_seconds=0.2, answer_seconds=0.2)
    assert (answer.status, answer.fault, answer.left) == (status, "time-out", True)
    assert monotonic() - begun < 3


@pytest.mark.parametrize("length", [0, 1, 1023, 1024])
def test_a_whole_answer_is_read(length: int) -> None:
    whole = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{'.' * length}".encode()
    with run_server(always(whole)) as server:
        assert post(*to(server.url, b"", b"")) == [Answer(200, b"." * length)] * 2


@pytest.mark.parametrize("head", [LONG, b"HTTP/1.1 200 OK\r\n\r\n"])
def test_of_an_endless_answer_the_beginning_is_read(head: bytes) -> None:
    with run_server(goes_on(head, b"." * 65536)) as server:
        assert post(*to(server.url, b"")) == [Answer(200, b"." * 1024)]


@pytest.mark.parametrize(
    "answer",
    [
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_answer_leaves_the_request_in_doubt(answer: bytes) -> None:
    with run_server(always(answer)) as server:
        [got] = post(*to(server.url, b""))
    assert got.left
    assert got.fault
    assert len(server.requests) == 1


def test_the_one_header_that_is_listened_for_is_heard_of_each_answer() -> None:
    def serve(connection: socket.socket, server: Server) -> None:
        while request := server.read(connection):
            extra = b"retry-After:  7200 \r\n" if request.endswith(b"1") else b""
            connection.sendall(b"HTTP/1.1 429 No\r\nContent-Length: 0\r\n" + extra + b"\r\n")

    with run_server(serve) as server, Client(USUAL, same, keep) as deaf:
        heard = [answer.heard for answer in post(*to(server.url, b"1", b"2", b"1"), listens_for="Retry-After")]
        deaf.start(Request(server.url, {}, b"1"))
        assert deaf.take()[0].heard == ""
    assert heard == ["7200", "", "7200"]


def test_an_answer_that_came_while_the_caller_was_held_up_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(connection: socket.socket, server: Server) -> None:
        server.read(connection)
        connection.sendall(OK)
        server.over.wait(5)

    with run_server(serve) as server, Client(USUAL, same, keep) as asking:
        asking.start(Request(server.url, {}, b""))
        monkeypatch.setattr(client, "monotonic", lambda: monotonic() + 3600)
        assert asking.take() == [Answer(200, b"ok")]


def test_a_redirection_is_an_answer() -> None:
    with run_server(always(OK)) as elsewhere:
        moved = f"HTTP/1.1 307 Moved\r\nContent-Length: 0\r\nLocation: {elsewhere.url}\r\n\r\n".encode()
        with run_server(always(moved)) as server:
            assert post(*to(server.url, b"")) == [Answer(307)]
    assert elsewhere.requests == []


# Whom it is posted to ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_no_connection_into_our_network_is_made_where_only_the_internet_may_be_posted_to(host: str) -> None:
    with run_server(always(OK)) as server:
        [answer] = post(Request(f"http://{host}:{server.port}/", {}), public_only=True)
        [allowed] = post(Request(server.url, {}))
    assert (answer.private, answer.left, answer.status) == (True, False, 0)
    assert (allowed.private, allowed.status, len(server.requests)) == (False, 200, 1)


# Leaving -------------------------------------------------------------------------------------------------------------


def _count_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_leaving_waits_for_nobody_and_leaves_neither_thread_nor_descriptor() -> None:
    def hangs(connection: socket.socket, server: Server) -> None:
        server.read(connection)
        came.set()
        server.over.wait(10)

    came = threading.Event()
    with run_server(hangs) as server:
        open_before = _count_descriptors()
        with Client(USUAL, same, keep) as asking:
            threads = threading.active_count()
            for body in (b"1", b"2", b"3", b"4", b"5", b"6"):
                asking.start(Request(server.url, {}, body))
            asking.start(Request(f"http://127.0.0.1:{find_closed_port()}/", {}))
            begun = monotonic()
        assert monotonic() - begun < 1
        assert threading.active_count() <= threads
    assert len(server.requests) <= USUAL.in_flight
    assert _count_descriptors() <= open_before


def test_it_works_on_both_sides_of_a_fork() -> None:
    """Workers fork after everything is loaded; the connections of one are nobody else's."""
    program = (
        "import os, sys\n"
        "from accounts.tests.asking import post, to\n"
        "if child := os.fork(): os.waitpid(child, 0)\n"
        "assert [answer.status for answer in post(*to(sys.argv[1], b'1', b'2'))] == [200, 200]\n"
    )
    with run_server(always(OK)) as server:
        subprocess.run([sys.executable, "-c", program, server.url], cwd=Path(__file__).parents[2], check=True)
    assert sorted(request[-1:] for request in server.requests) == [b"1", b"1", b"2", b"2"]
