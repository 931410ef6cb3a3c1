import socket
import threading
from queue import Queue

from notifications.channels.kannel import KannelChannel
from notifications.channels.posting import IN_FLIGHT
from notifications.tests.kannel_cases import ACCEPTED, always, to_port
from notifications.tests.outside import (
    MisbehavingServer,
    find_closed_port,
    hand_over,
    make_message,
    read_request,
    run_server,
)


def test_outcomes_come_as_they_are_known_and_not_in_the_order_of_sending() -> None:
    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        while request := read_request(connection):
            if b"slow" in request:
                release.wait(10)
            connection.sendall(ACCEPTED)

    release = threading.Event()
    slow, quick = make_message("+8613800139999", "slow"), make_message("+8613800139999", "quick")
    with run_server(serve) as gateway:
        outcomes = (outcome for outcome in to_port(gateway.port).send([slow, quick]) if outcome)
        first = next(outcomes)
        release.set()
        rest = list(outcomes)
    assert first.reference == quick.reference
    assert [outcome.reference for outcome in rest] == [slow.reference]


def test_64_requests_are_on_their_way_at_once_and_no_more() -> None:
    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        while request := read_request(connection):
            shared.requests.append(request)
            arrived.put(None)
            release.wait(10)
            connection.sendall(ACCEPTED)

    arrived: Queue[None] = Queue()
    release = threading.Event()
    most: list[int] = []

    def watch() -> None:
        for _ in range(IN_FLIGHT):
            arrived.get(timeout=10)
        most.append(len(gateway.requests))
        release.set()

    with run_server(serve) as gateway:
        watcher = threading.Thread(target=watch)
        watcher.start()
        channel = KannelChannel(
            url=f"http://127.0.0.1:{gateway.port}/",
            username="",
            password="",
            sender="1",
            callback_url="http://x.example/",
        )
        outcomes = hand_over(channel, [make_message("+8613800139999") for _ in range(IN_FLIGHT * 2)])
        watcher.join()
    assert most == [IN_FLIGHT]
    assert len(outcomes) == IN_FLIGHT * 2


def test_a_caller_that_stops_early_leaves_nothing_running() -> None:
    with run_server(always(ACCEPTED)) as gateway:
        outcomes = to_port(gateway.port).send([make_message("+8613800139999") for _ in range(IN_FLIGHT * 3)])
        while next(outcomes) is None:
            continue
        outcomes.close()  # type: ignore[attr-defined]  # it is a generator
        assert len(gateway.requests) <= IN_FLIGHT + IN_FLIGHT // 2


def test_an_empty_batch_asks_nobody() -> None:
    assert hand_over(to_port(find_closed_port()), []) == []
