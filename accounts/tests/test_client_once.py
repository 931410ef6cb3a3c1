"""No request is ever sent twice, and what never left is told from what may have come, whatever a server does."""

import socket
import struct
import threading
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.outside.client import Client
from accounts.outside.in_flight import ask_many
from accounts.outside.posts import Answer, Request
from accounts.tests.asking import USUAL, keep, post, same, to
from accounts.tests.servers import OK, Serve, Server, find_closed_port, run_server


def answers_once_and(then: Serve) -> Serve:
    """Answers the first request of a connection, and treats the second as it is told."""

    def serve(connection: socket.socket, server: Server) -> None:
        server.read(connection)
        connection.sendall(OK)
        if server.read(connection):
            then(connection, server)

    return serve


def closes(_connection: socket.socket, _server: Server) -> None: ...


def resets(connection: socket.socket, _server: Server) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def says_half(connection: socket.socket, _server: Server) -> None:
    connection.sendall(OK[:-1])


def asks_to_go_on(connection: socket.socket, _server: Server) -> None:
    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("then", [closes, resets, says_half, asks_to_go_on])
@pytest.mark.parametrize("body", [b"", b"x", b"x" * 100_000])
def test_a_request_whose_kept_connection_ends_is_in_doubt_and_came_exactly_once(then: Serve, body: bytes) -> None:
    with run_server(answers_once_and(then)) as server:
        first, second, third = post(*to(server.url, b"first", body, b"third"))
    assert (first.status, first.fault, third.status, third.fault) == (200, "", 200, "")
    assert second.left
    assert second.fault in {"connection lost", "answer broken off"}
    assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [b"first", body, b"third"]


def test_what_may_have_come_is_not_sent_over_another_connection_either() -> None:
    """When libcurl tries again it may take a second kept connection, and that one has ended, too."""
    kept: list[socket.socket] = []

    def serve(connection: socket.socket, server: Server) -> None:
        kept.append(connection)
        while (request := server.read(connection))[-1:] != b"3":
            if request.endswith(b"1"):
                both.wait(5)
            both.set()
            connection.sendall(OK)
        for one in kept:
            one.shutdown(socket.SHUT_RDWR)

    both = threading.Event()
    with run_server(serve) as server, Client(replace(USUAL, in_flight=2), same, keep) as asking:
        for bodies in ((b"1", b"2"), (b"3",)):
            for body in bodies:
                asking.start(Request(server.url, {}, body))
            answers: list[Answer] = []
            while len(answers) < len(bodies):
                answers += asking.take()
    assert answers == [Answer(0, fault="connection lost")]
    assert sorted(request[-1:] for request in server.requests) == [b"1", b"2", b"3"]


def test_a_connection_that_ended_while_it_was_idle_is_not_used() -> None:
    def serve(connection: socket.socket, server: Server) -> None:
        server.read(connection)
        connection.sendall(OK)
        connection.close()
        closed.release()

    closed = threading.Semaphore(0)
    with run_server(serve) as server, Client(USUAL, same, keep) as asking:
        for _ in range(3):
            for _ in range(USUAL.in_flight):
                asking.start(Request(server.url, {}))
            got: list[Answer] = []
            while len(got) < USUAL.in_flight:
                got += asking.take()
            for _ in got:
                assert closed.acquire(timeout=5)
            assert got == [Answer(200, b"ok")] * USUAL.in_flight
    assert len(server.requests) == 3 * USUAL.in_flight


def hangs_up(connection: socket.socket, _server: Server) -> None:
    connection.sendall(OK)
    connection.shutdown(socket.SHUT_RDWR)


def answers(connection: socket.socket, _server: Server) -> None:
    connection.sendall(OK)


HABITS = (answers, closes, resets, says_half, hangs_up)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(HABITS), max_size=30), st.integers(1, 4))
def test_whatever_a_server_does_it_gets_each_request_once_at_most(habits: list[Serve], in_flight: int) -> None:
    def serve(connection: socket.socket, server: Server) -> None:
        while request := server.read(connection):
            habit = habits[int(request[-2:])]
            habit(connection, server)
            if habit is not answers:
                connection.close()
                return

    def write(number: int) -> Request:
        return Request(server.url, {}, b"%02d" % number)

    def judge(number: int, answer: Answer) -> tuple[int, Answer]:
        return number, answer

    with run_server(serve) as server, Client(replace(USUAL, in_flight=in_flight), write, judge) as asking:
        told = dict(one for one in ask_many(asking, range(len(habits)), in_flight) if one)
    came = Counter(int(request[-2:]) for request in server.requests)
    assert told.keys() == set(range(len(habits)))
    for number, answer in told.items():
        assert answer.left
        assert came[number] == 1 or (answer.fault and not came[number])
        assert answer.fault or (answer == Answer(200, b"ok") and habits[number] in {answers, hangs_up})


def test_what_never_left_is_told_apart() -> None:
    refused, unknown = post(
        Request(f"http://127.0.0.1:{find_closed_port()}/", {}), Request("http://nobody.invalid/", {}), in_flight=1
    )
    assert refused == Answer(0, fault="no connection", left=False)
    assert unknown == Answer(0, fault="name not found", left=False)
