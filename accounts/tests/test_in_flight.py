"""Many asked at once: by libcurl, and on threads by a function that blocks."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.outside.client import Client
from accounts.outside.in_flight import Threads, ask_many
from accounts.outside.posts import Answer, Request
from accounts.tests.asking import USUAL, keep
from accounts.tests.servers import OK, Server, always, run_server


def _say(number: int) -> int:
    return number


def _divide(number: int) -> int:
    return 1 // number


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 8))
@settings(deadline=None)
def test_each_item_is_answered_once_and_no_more_than_is_allowed_are_in_doubt(delays: list[int], limit: int) -> None:
    asked: list[int] = []
    taken: list[int] = []
    at_once = most = 0
    lock = threading.Lock()

    def ask(number: int) -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        for _ in range(delays[number]):
            threading.Event().wait(0.0001)
        with lock:
            at_once -= 1
        return number

    def items() -> Iterator[int]:
        for number in range(len(delays)):
            asked.append(number)
            assert len(asked) - len(taken) <= limit + max(1, limit // 2)
            yield number

    with Threads(ask, limit) as threads:
        taken.extend(number for number in ask_many(threads, items(), limit) if number is not None)
    assert sorted(taken) == asked == list(range(len(delays)))
    assert most <= limit


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 8))
@settings(deadline=None, max_examples=25)
def test_each_request_is_answered_once_whether_it_is_asked_or_known(known: list[bool], limit: int) -> None:
    def write(number: int) -> Request | int:
        return number if known[number] else Request(server.url, {}, b"%03d" % number)

    def judge(number: int, answer: Answer) -> int:
        assert answer == Answer(200, b"ok")
        return number

    with run_server(always(OK)) as server, Client(replace(USUAL, in_flight=limit), write, judge) as client:
        told = list(ask_many(client, range(len(known)), limit))
    assert sorted(number for number in told if number is not None) == list(range(len(known)))
    asked = sorted(int(request[-3:]) for request in server.requests)
    assert asked == [number for number, is_known in enumerate(known) if not is_known]


def test_none_comes_after_what_came_together() -> None:
    with Threads(_say, 1) as threads:
        told = list(ask_many(threads, [7], 1))
    assert told == [7, None]


def test_items_are_taken_as_late_as_possible_and_in_the_callers_thread() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(threading.get_ident())
            yield number

    with Threads(_say, 4) as threads:
        answers = ask_many(threads, items(), 4)
        next(answers)
        assert set(taken) == {threading.get_ident()}
        assert len(taken) == 6


def test_on_threads_nothing_is_begun_once_the_caller_has_stopped() -> None:
    asked: list[int] = []
    release = threading.Event()

    def ask(number: int) -> int:
        asked.append(number)
        if number:
            release.wait(10)
        return number

    with Threads(ask, 2) as threads:
        answers = ask_many(threads, range(10), 2)
        assert [next(answers), next(answers)] == [0, None]
        answers.close()  # type: ignore[attr-defined]  # it is a generator
        release.set()
    assert len(asked) <= 3


def test_by_libcurl_nothing_is_sent_once_the_caller_has_stopped() -> None:
    def serve(connection: socket.socket, server: Server) -> None:
        while server.read(connection).endswith(b"0"):
            connection.sendall(OK)
        server.over.wait(10)

    def write(number: int) -> Request:
        return Request(server.url, {}, b"%d" % number)

    with run_server(serve) as server:
        with Client(replace(USUAL, in_flight=2), write, keep) as client:
            answers = ask_many(client, range(10), 2)
            assert [next(answers), next(answers)] == [Answer(200, b"ok"), None]
            answers.close()  # type: ignore[attr-defined]  # it is a generator
            begun = monotonic()
        assert monotonic() - begun < 1
    assert len(server.requests) <= 3


def test_a_fault_in_asking_reaches_the_caller() -> None:
    with Threads(_divide, 2) as threads, pytest.raises(ZeroDivisionError):
        list(ask_many(threads, range(3), 2))


def test_a_fault_in_writing_or_judging_reaches_the_caller() -> None:
    def write(number: int) -> Request:
        return Request(server.url, {}, b"%d" % (1 // number))

    def judge(number: int, answer: Answer) -> float:
        return number / (answer.status - 200)

    with run_server(always(OK)) as server:
        with Client(USUAL, write, keep) as client, pytest.raises(ZeroDivisionError):
            list(ask_many(client, [2, 1, 0], 2))
        with Client(USUAL, write, judge) as judging, pytest.raises(ZeroDivisionError):
            list(ask_many(judging, [2, 1], 2))
