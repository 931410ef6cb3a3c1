"""The sandbox's push service and its browsers: what they take, what they refuse, and what they say back."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.error import HTTPError
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import pytest

from notifications.channels.base import Outcome, Result
from notifications.channels.vapid import Vapid
from notifications.channels.web_push import WebPushChannel
from notifications.channels.web_push_address import PushAddress, topic_of
from notifications.channels.web_push_encryption import encrypt
from notifications.tests.browsers import SUBJECT, VAPID_KEY
from notifications.tests.outside import SandboxProcess, hand_over, make_message, run_sandbox
from portal.sandbox.faults import find_fault_of_browser

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"
TOKEN = "AAAAAAAVaz48EBzDsa"


@pytest.fixture(scope="module")
def _running() -> Iterator[SandboxProcess]:
    with run_sandbox("--unit=0.02", "--retry-seconds=0.02", "--bounce-port=1") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_running: SandboxProcess) -> SandboxProcess:
    _running.reset()
    return _running


@contextmanager
def portal(*statuses: int) -> Iterator[tuple[str, "Queue[tuple[str, dict[str, str]]]"]]:
    """Where browsers post to, with the queue of (path, form); the first posts are answered by `statuses`."""
    posted: Queue[tuple[str, dict[str, str]]] = Queue()
    answers = iter(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            posted.put((self.path, dict(parse_qsl(body))))
            self.send_response(next(answers, 204))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", posted
        finally:
            server.shutdown()
            thread.join()


def subscription_of(sandbox: SandboxProcess, name: str) -> PushAddress:
    with urlopen(f"{sandbox.url}push/{name}") as answer:
        fields = json.load(answer)
    return PushAddress.read(fields["endpoint"], **fields["keys"])


def payload(url: str = "", **fields: str) -> str:
    usual = {"title": "Meimai Mall: read", "body": "It is short.", "url": url, "token": TOKEN, "know": "I know"}
    return json.dumps(usual | fields)


def push(sandbox: SandboxProcess, name: str, text: str = "{}", reference: str = REFERENCE) -> Outcome:
    message = make_message(subscription_of(sandbox, name).as_json(), text, reference=reference)
    channel = WebPushChannel(Vapid(VAPID_KEY, SUBJECT), allow_private=True, answer_seconds=0.5)
    [outcome] = hand_over(channel, [message])
    return outcome


def post(sandbox: SandboxProcess, name: str, body: bytes, **headers: str) -> int:
    """As somebody whose program is not ours; a header given as empty is left out."""
    origin = sandbox.url.rstrip("/")
    usual = {
        "TTL": "60",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Authorization": Vapid(VAPID_KEY, SUBJECT).authorization(origin),
    }
    chosen = usual | {header.replace("_", "-"): value for header, value in headers.items()}
    given = {header: value for header, value in chosen.items() if value}
    try:
        with urlopen(Request(f"{sandbox.url}push/{name}", body, given)) as answer:
            status: int = answer.status
    except HTTPError as refusal:
        with refusal:
            status = refusal.code
    return status


def sealed(sandbox: SandboxProcess, name: str = "li", text: bytes = b"{}") -> bytes:
    address = subscription_of(sandbox, name)
    return encrypt(text, address.p256dh, address.auth)


# Taking --------------------------------------------------------------------------------------------------------------


def test_a_notice_is_decrypted_and_kept(sandbox: SandboxProcess) -> None:
    outcome = push(sandbox, "li", payload("https://portal.example/k/x/", title="美买商城：请阅读"))
    [notice] = sandbox.list_messages(channel="push", to="li")
    assert outcome.result is Result.ACCEPTED
    assert (notice["subject"], notice["text"]) == ("美买商城：请阅读", "It is short.")
    assert (notice["link"], notice["answer"]) == ("https://portal.example/k/x/", "I know")
    assert notice["sender"] == "portal.example"
    assert notice["reference"] == topic_of(REFERENCE)


def test_a_subscription_outlives_a_restart(sandbox: SandboxProcess) -> None:
    before = subscription_of(sandbox, "li")
    with run_sandbox() as another:
        after = subscription_of(another, "li")
    assert (before.p256dh, before.auth) == (after.p256dh, after.auth)
    assert subscription_of(sandbox, "wang").p256dh != before.p256dh


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Topic": "a-topic_1"}, 201),
        ({"Topic": "x" * 33}, 400),
        ({"Topic": "not a topic"}, 400),
        ({"TTL": ""}, 400),
        ({"TTL": "-1"}, 400),
        ({"Content_Encoding": "aesgcm"}, 400),
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": Vapid(VAPID_KEY, SUBJECT).authorization("https://push.example")}, 403),
        ({"Authorization": "vapid t=YQ.YQ.YQ, k=YQ"}, 403),
        ({"Authorization": f"vapid t=bnVsbA.bnVsbA.{'A' * 86}, k={Vapid(VAPID_KEY, SUBJECT).public_key}"}, 403),
    ],
)
def test_what_the_standards_ask_for_is_asked_for(sandbox: SandboxProcess, headers: dict[str, str], status: int) -> None:
    assert post(sandbox, "li", sealed(sandbox), **headers) == status
    assert sandbox.read_counts().get("push", 0) == (1 if status == 201 else 0)


def test_a_token_that_has_run_out_is_refused(sandbox: SandboxProcess) -> None:
    old = Vapid(VAPID_KEY, SUBJECT, clock=lambda: 1_700_000_000.0).authorization(sandbox.url.rstrip("/"))
    assert post(sandbox, "li", sealed(sandbox), Authorization=old) == 403


@pytest.mark.parametrize("body", [b"", b"x", b"x" * 100, b"\xff" * 4096])
def test_what_was_not_closed_to_the_browser_is_not_taken(sandbox: SandboxProcess, body: bytes) -> None:
    assert post(sandbox, "li", body) == 400
    assert post(sandbox, "li", sealed(sandbox, "wang")) == 400


def test_a_body_too_long_is_not_taken(sandbox: SandboxProcess) -> None:
    assert post(sandbox, "li", b"x" * 4097) == 413


@pytest.mark.parametrize("text", ["no json", "[]", "null", "[" * 3000, '{"title": 1}'])
def test_whatever_text_was_pushed_is_shown(sandbox: SandboxProcess, text: str) -> None:
    assert push(sandbox, "li", text).result is Result.ACCEPTED
    [notice] = sandbox.list_messages(channel="push")
    assert notice["raw"] == text
    assert notice["report_to"] == ""


def test_a_later_message_of_a_topic_takes_the_place_of_one_not_shown_yet(sandbox: SandboxProcess) -> None:
    with portal() as (url, posted):
        push(sandbox, "li+slow", payload(url, title="first"))
        push(sandbox, "li+slow", payload(url, title="second"))
        push(sandbox, "li+slow", payload(url, title="other"), reference=REFERENCE[:-1] + "c")
        notices = sandbox.list_messages(channel="push", count=2, receipts=1)
        assert [notice["subject"] for notice in notices] == ["second", "other"]
        assert posted.qsize() == 2


# Saying back ---------------------------------------------------------------------------------------------------------


def test_a_browser_reports_what_it_shows_to_whoever_sent_it(sandbox: SandboxProcess) -> None:
    with portal() as (url, posted):
        push(sandbox, "li", payload(f"{url}/k/x/"))
        path, form = posted.get(timeout=10)
        [notice] = sandbox.list_messages(channel="push", receipts=1)
    assert path == f"/push/received/{TOKEN}/"
    assert form["shown"] == "yes"
    assert form["at"].isdecimal()
    assert [(receipt["word"], receipt["answer"]) for receipt in notice["receipts"]] == [("delivered", "204")]


def test_a_report_that_was_not_answered_is_made_again(sandbox: SandboxProcess) -> None:
    with portal(503, 500) as (url, posted):
        push(sandbox, "li", payload(url))
        [notice] = sandbox.list_messages(channel="push", receipts=3)
        assert posted.qsize() == 3
    assert [receipt["answer"] for receipt in notice["receipts"]] == ["503", "500", "204"]


def test_a_refused_report_is_not(sandbox: SandboxProcess) -> None:
    with portal(404) as (url, posted):
        push(sandbox, "li+twice", payload(url))
        sandbox.list_messages(channel="push", receipts=2)
        assert posted.qsize() == 2


@pytest.mark.parametrize(
    ("fault", "result", "gone"),
    [
        ("gone", Result.PERMANENT, True),
        ("reject", Result.PERMANENT, False),
        ("tempfail", Result.TEMPORARY, False),
        ("error", Result.TEMPORARY, False),
        ("hang", Result.UNKNOWN, False),
        ("drop", Result.UNKNOWN, False),
        ("lost", Result.ACCEPTED, False),
        ("early", Result.ACCEPTED, False),
        ("slow", Result.ACCEPTED, False),
    ],
)
def test_a_fault_is_chosen_by_the_end_of_a_name(
    sandbox: SandboxProcess, fault: str, result: Result, gone: bool
) -> None:
    with portal() as (url, _):
        outcome = push(sandbox, f"li+{fault}", payload(url))
    assert (outcome.result, outcome.address_fault) == (result, gone)


def test_what_fails_for_the_moment_is_taken_at_the_third_try(sandbox: SandboxProcess) -> None:
    results = [push(sandbox, "li+tempfail").result for _ in range(3)]
    assert results == [Result.TEMPORARY, Result.TEMPORARY, Result.ACCEPTED]


def test_a_lost_notice_is_taken_and_never_reported(sandbox: SandboxProcess) -> None:
    with portal() as (url, posted):
        push(sandbox, "li+lost", payload(url))
        push(sandbox, "wang", payload(url))
        posted.get(timeout=10)
        [lost] = sandbox.list_messages(channel="push", to="li+lost")
        assert posted.empty()
    assert lost["receipts"] == []


def test_names_without_a_known_fault_are_served_well() -> None:
    assert [find_fault_of_browser(name).key for name in ("li", "li+GONE", "li+what", "gone")] == [
        *("deliver", "gone", "deliver", "deliver"),
    ]


# The page ------------------------------------------------------------------------------------------------------------


def read(sandbox: SandboxProcess, path: str) -> str:
    with urlopen(f"{sandbox.url}{path}") as answer:
        text: str = answer.read().decode()
    return text


def test_a_page_shows_the_notices_of_a_browser_with_their_button(sandbox: SandboxProcess) -> None:
    push(sandbox, "li", payload("https://portal.example/k/x/", title="<b>read</b>"))
    push(sandbox, "li", payload("https://portal.example/k/y/", know=""), reference=REFERENCE[:-1] + "c")
    page = read(sandbox, "browser/li")
    assert "&lt;b&gt;read&lt;/b&gt;" in page
    assert 'href="https://portal.example/k/x/"' in page
    assert page.count("<button") == 1
    assert 'href="/browser/li"' in read(sandbox, "browser")
    assert 'href="/browser/li"' in read(sandbox, "")


def test_a_link_that_is_none_is_not_made_one(sandbox: SandboxProcess) -> None:
    push(sandbox, "li", payload("javascript:alert(1)"))
    assert "javascript:" not in read(sandbox, "browser/li")


def test_its_button_says_i_know_as_our_script_would(sandbox: SandboxProcess) -> None:
    with portal() as (url, posted):
        push(sandbox, "li", payload(url))
        posted.get(timeout=10)
        sandbox.list_messages(channel="push", receipts=1)
        with urlopen(Request(f"{sandbox.url}browser/1/know", b"")) as answer:
            assert answer.url == f"{sandbox.url}browser/li"
        assert posted.get(timeout=10)[0] == f"/push/acknowledge/{TOKEN}/"
    [notice] = sandbox.list_messages(channel="push")
    assert [receipt["word"] for receipt in notice["receipts"]] == ["delivered", "acknowledged"]


def test_only_a_notice_has_a_button(sandbox: SandboxProcess) -> None:
    with pytest.raises(HTTPError, match="404"):
        urlopen(Request(f"{sandbox.url}browser/99/know", b""))
