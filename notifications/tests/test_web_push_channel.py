"""Pushing to one browser: what its push service is sent, what its answers mean, and whom nothing is posted to."""

import socket
from collections.abc import Callable
from threading import Event

import pycurl
import pytest

from accounts.outside import lines
from accounts.outside.addresses import is_public, may_be_public
from notifications.channels.base import Message, Outcome, Result
from notifications.channels.vapid import Vapid
from notifications.channels.web_push import IN_FLIGHT, LIVES, WebPushChannel
from notifications.channels.web_push_address import topic_of
from notifications.channels.web_push_encryption import MOST_TEXT
from notifications.tests.browsers import SUBJECT, VAPID_KEY, Browser
from notifications.tests.outside import (
    MisbehavingServer,
    find_closed_port,
    hand_over,
    make_message,
    read_request,
    run_server,
    write_answer,
)

CREATED = write_answer("201 Created", "", Location="https://push.example/m/1")
Serve = Callable[[socket.socket, MisbehavingServer], None]


def make_channel(*, allow_private: bool = True, patience: float = 0.5) -> WebPushChannel:
    return WebPushChannel(Vapid(VAPID_KEY, SUBJECT), allow_private=allow_private, answer_seconds=patience)


def always(answer: bytes) -> Serve:
    """A push service that gives each request the same answer; an empty one drops the connection instead."""

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        while request := read_request(connection):
            shared.requests.append(request)
            if not answer:
                return
            connection.sendall(answer)

    return serve


def at_port(port: int, path: str = "/p/secret-of-this-browser") -> Browser:
    return Browser(f"http://127.0.0.1:{port}{path}")


def push(browser: Browser, text: str = "{}", **options: bool) -> Outcome:
    [outcome] = hand_over(make_channel(**options), [make_message(browser.address.as_json(), text)])
    return outcome


# Handing over --------------------------------------------------------------------------------------------------------


def test_only_the_browser_can_read_what_is_posted() -> None:
    text = '{"title":"美买商城：请在12月3日（周四）前阅读"}'
    with run_server(always(CREATED)) as service:
        browser = at_port(service.port)
        outcome = push(browser, text)
    body = service.requests[0].partition(b"\r\n\r\n")[2]
    assert (outcome.result, outcome.provider_reference) == (Result.ACCEPTED, browser.address.fingerprint)
    assert browser.read(body) == text
    assert text.encode() not in service.requests[0]


def test_a_request_has_what_the_standards_ask_for() -> None:
    with run_server(always(CREATED)) as service:
        browser = at_port(service.port, "/p/a%3db?token=x%3d%3d")
        message = make_message(browser.address.as_json(), "{}")
        hand_over(make_channel(), [message])
    lines = service.requests[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    assert lines[0] == "POST /p/a%3db?token=x%3d%3d HTTP/1.1"
    assert headers["content-encoding"] == "aes128gcm"
    assert headers["ttl"] == str(LIVES) == "43200"
    assert headers["topic"] == topic_of(message.reference)
    assert headers["authorization"].startswith("vapid t=ey")
    assert message.reference not in service.requests[0].decode("latin-1")


@pytest.mark.parametrize(("lives", "kept"), [(None, "43200"), (5400, "5400"), (50_000, "43200")])
def test_a_push_service_keeps_a_notice_no_longer_than_it_may_be_brought(lives: int | None, kept: str) -> None:
    with run_server(always(CREATED)) as service:
        browser = at_port(service.port)
        hand_over(make_channel(), [make_message(browser.address.as_json(), "{}")._replace(lives=lives)])
    assert f"\r\nTTL: {kept}\r\n".encode() in service.requests[0]


def test_the_same_message_has_the_same_topic_and_another_has_another() -> None:
    first, second = make_message("x").reference, make_message("x").reference
    assert topic_of(first) == topic_of(first) != topic_of(second)
    assert len(topic_of(first)) == 32
    assert WebPushChannel.safe_to_resend


def test_each_message_of_a_batch_has_one_outcome() -> None:
    with run_server(always(CREATED)) as service:
        messages = [make_message(at_port(service.port).address.as_json()) for _ in range(2 * IN_FLIGHT)]
        outcomes = hand_over(make_channel(patience=30.0), messages)
    assert sorted(outcome.reference for outcome in outcomes) == sorted(message.reference for message in messages)
    assert {(outcome.result, outcome.reason) for outcome in outcomes} == {(Result.ACCEPTED, "")}


# What the answers mean -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "result", "address_fault"),
    [
        ("201 Created", Result.ACCEPTED, False),
        ("202 Accepted", Result.ACCEPTED, False),
        ("400 Bad Request", Result.PERMANENT, False),
        ("403 Forbidden", Result.TEMPORARY, False),
        ("404 Not Found", Result.PERMANENT, True),
        ("410 Gone", Result.PERMANENT, True),
        ("413 Too Large", Result.PERMANENT, False),
        ("429 Too Many Requests", Result.TEMPORARY, False),
        ("500 Oops", Result.TEMPORARY, False),
        ("503 Later", Result.TEMPORARY, False),
        ("200 OK", Result.TEMPORARY, False),
    ],
)
def test_an_answer_is_put_into_our_words(status: str, result: Result, address_fault: bool) -> None:
    with run_server(always(write_answer(status, '{"reason":"secret-of-this-browser"}'))) as service:
        outcome = push(at_port(service.port))
    assert (outcome.result, outcome.address_fault) == (result, address_fault)
    assert "secret-of-this-browser" not in outcome.reason
    assert result is Result.ACCEPTED or outcome.reason.startswith(status[:3])


def test_a_redirection_is_not_followed() -> None:
    with run_server(always(CREATED)) as elsewhere:
        there = f"http://127.0.0.1:{elsewhere.port}/"
        with run_server(always(write_answer("307 Temporary Redirect", "", Location=there))) as service:
            outcome = push(at_port(service.port))
    assert (outcome.result, outcome.reason, elsewhere.requests) == (Result.TEMPORARY, "307", [])


def test_a_push_service_that_is_down_is_passing() -> None:
    outcome = push(at_port(find_closed_port()))
    assert outcome.result is Result.TEMPORARY
    assert outcome.reason == "push service cannot be reached: no connection"


def test_a_connection_dropped_after_the_request_leaves_the_outcome_unknown() -> None:
    with run_server(always(b"")) as service:
        outcome = push(at_port(service.port))
    assert (outcome.result, len(service.requests)) == (Result.UNKNOWN, 1)


def test_a_push_service_whose_answer_breaks_off_has_answered() -> None:
    broken = CREATED.replace(b"Content-Length: 0", b"Content-Length: 9")

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        read_request(connection)
        connection.sendall(broken)

    with run_server(serve) as service:
        outcome = push(at_port(service.port))
    assert outcome.result is Result.ACCEPTED


def test_a_push_service_that_does_not_answer_leaves_the_outcome_unknown() -> None:
    over = Event()

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        read_request(connection)
        over.wait(10)

    with run_server(serve) as service:
        outcome = push(at_port(service.port))
        over.set()
    assert outcome.reason == "no answer after the message was sent: time-out"
    assert outcome.result is Result.UNKNOWN


def test_a_text_that_does_not_fit_is_not_sent() -> None:
    with run_server(always(CREATED)) as service:
        outcome = push(at_port(service.port), "x" * (MOST_TEXT + 1))
    assert (outcome.result, outcome.address_fault, service.requests) == (Result.PERMANENT, False, [])


def test_without_a_key_every_message_fails_at_once() -> None:
    messages = [make_message(at_port(1).address.as_json()) for _ in range(2)]
    outcomes = hand_over(WebPushChannel(None), messages)
    assert [outcome.reference for outcome in outcomes] == [message.reference for message in messages]
    assert {(outcome.result, outcome.address_fault) for outcome in outcomes} == {(Result.PERMANENT, False)}


# Whom nothing is posted to -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_nothing_is_posted_to_this_machine(name: str) -> None:
    with run_server(always(CREATED)) as service:
        outcome = push(Browser(f"https://{name}:{service.port}/"), allow_private=False)
    assert (outcome.result, outcome.address_fault, service.requests) == (Result.PERMANENT, True, [])


def test_a_name_that_points_into_our_network_is_found_out_when_it_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with run_server(always(CREATED)) as service:
        found = (pycurl.RESOLVE, [f"push.rebinding.example:{service.port}:127.0.0.1"])
        monkeypatch.setattr(lines, "FIXED", (*lines.FIXED, found))
        outcome = push(Browser(f"https://push.rebinding.example:{service.port}/"), allow_private=False)
    assert (outcome.result, outcome.address_fault, service.requests) == (Result.TEMPORARY, False, [])
    assert outcome.reason == "push service cannot be reached: its name leads into a private network"


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.3.4", "192.168.1.1", "127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254"),
        *("100.64.0.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:8.8.8.8", "::ffff:10.0.0.1"),
        *("192.0.0.1", "192.0.0.9", "192.0.0.10", "192.88.99.1", "3fff::1", "3fff:fff:ffff::1", "5f00::1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:53aa:64c:0:0:0:1", "2001:db8::1", "name", ""),
    ],
)
def test_an_address_that_not_everybody_may_reach_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "142.250.74.74", "192.0.1.1", "192.88.98.1", "2a00:1450:4001:82f::200a", "2606:4700::1111", "3ffe::1"],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("endpoint", "fits"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:APA91b", True),
        ("https://web.push.apple.com/QGrFs", True),
        ("https://8.8.8.8/x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://localhost/x", False),
        ("https://intranet/x", False),
        ("https://10.1.2.3/x", False),
        ("https://2130706433/x", False),
        ("https://127.1/x", False),
        ("https://[::1]/x", False),
    ],
)
def test_a_bad_endpoint_is_seen_without_looking_its_name_up(endpoint: str, fits: bool) -> None:
    assert may_be_public(endpoint) is fits


@pytest.mark.parametrize("text", ["", "browser", "[]", "{}", '{"endpoint": 1}', "null", "[" * 100_000])
def test_a_message_to_no_subscription_is_the_address_own_fault(text: str) -> None:
    message: Message = make_message(text)
    [outcome] = hand_over(make_channel(), [message])
    assert (outcome.reference, outcome.result, outcome.address_fault) == (message.reference, Result.PERMANENT, True)
