"""Mail firms whose answer never is whole: it has an end all the same."""

import socket
from threading import Event
from time import monotonic

import pytest
from pytest_django import Settings

from notifications.channels.base import Result
from notifications.tests.outside import (
    MisbehavingServer,
    hand_over,
    make_message,
    read_request,
    run_server,
    write_answer,
)
from notifications.tests.test_esp_channel import ADDRESS, MAILGUN_TAKEN, make_channel

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (HEAD + b"Content-Length: 10000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD, b"X-Wait: a little\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"X-Wait: ", b"."),
    ],
)
def test_an_answer_that_drips_has_an_end(settings: Settings, first: bytes, then: bytes) -> None:
    """Each octet comes in time, and the answer never is whole."""
    gone = Event()

    def drip(connection: socket.socket, shared: MisbehavingServer) -> None:
        shared.requests.append(read_request(connection))
        connection.sendall(first)
        for _ in range(40):
            if gone.wait(0.1):
                return
            connection.sendall(then)

    with run_server(drip) as server:
        channel = make_channel(settings, f"http://127.0.0.1:{server.port}", patience=0.5)
        began = monotonic()
        outcomes = hand_over(channel, [make_message(ADDRESS) for _ in range(2)])
        took = monotonic() - began
        gone.set()
    assert [outcome.result for outcome in outcomes] == [Result.UNKNOWN] * 2
    assert {outcome.reason for outcome in outcomes} == {"no answer after the request was sent: time-out"}
    assert took < 3
    assert len(server.requests) == 2


def test_an_answer_that_has_no_end_is_not_kept(settings: Settings) -> None:
    def pour(connection: socket.socket, _shared: MisbehavingServer) -> None:
        read_request(connection)
        connection.sendall(HEAD + b"Content-Length: 10000000\r\n\r\n")
        for _ in range(10):
            connection.sendall(b" " * 1_000_000)

    with run_server(pour) as server:
        [outcome] = hand_over(make_channel(settings, f"http://127.0.0.1:{server.port}"), [make_message(ADDRESS)])
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, "no answer that can be read: ChunkedEncodingError")


def test_an_answer_in_pieces_is_read_and_the_next_mail_goes_over_the_same_connection(settings: Settings) -> None:
    asked: list[bytes] = []

    def answer_slowly(connection: socket.socket, shared: MisbehavingServer) -> None:
        shared.requests.append(b"a connection")
        while request := read_request(connection):
            asked.append(request)
            for octet in write_answer("200 OK", MAILGUN_TAKEN):
                connection.sendall(bytes([octet]))

    with run_server(answer_slowly) as server:
        channel = make_channel(settings, f"http://127.0.0.1:{server.port}")
        channel._in_flight = 1
        outcomes = hand_over(channel, [make_message(ADDRESS) for _ in range(3)])
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * 3
    assert (len(asked), len(server.requests)) == (3, 1)
