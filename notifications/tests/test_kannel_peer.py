"""Text messages through a real Kannel: bearerbox, smsbox and its own message centre for tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from notifications.channels.base import ReceiptKind, Result
from notifications.channels.kannel import KannelChannel
from notifications.channels.kannel_reports import parse_dlr
from notifications.tests.kannel import fetch, run_gateway
from notifications.tests.outside import hand_over, make_message, receive_callbacks
from notifications.tests.peers import wait_until

pytestmark = pytest.mark.peers

SERVICES = """
group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
http-request-retry = 5
http-queue-delay = 1
http-timeout = 10
max-pending-requests = 64

group = sendsms-user
username = dueproof
password = secret
concatenation = true
max-messages = 10
black-list-regex = 99123456789
"""


@dataclass(frozen=True)
class Kannel:
    url: str
    centre_log: Path

    def make_channel(self, callback_url: str, password: str = "secret") -> KannelChannel:
        return KannelChannel(
            url=self.url, username="dueproof", password=password, sender="10690", callback_url=callback_url
        )


@pytest.fixture(scope="module")
def kannel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kannel]:
    with (
        run_gateway(tmp_path_factory.mktemp("kannel"), SERVICES) as gateway,
        gateway.message_centre("centre", "-m", "0", "1 2 text unused") as log,
    ):
        wait_until("the message centre is connected", lambda: "online" in fetch(gateway.status))
        yield Kannel(f"http://127.0.0.1:{gateway.sendsms}/cgi-bin/sendsms", log)


@pytest.mark.parametrize(
    ("text", "received"),
    [
        ("Due: £8 {or} €9~ at https://portal.example/a/x", "text Due: £8 {or} €9~ at https://portal.example/a/x"),
        ("还款 due 😀", f"ucs-2 {quote_plus('还款 due 😀'.encode('utf-16-be'))}"),
    ],
)
def test_a_text_reaches_the_message_centre_letter_by_letter(kannel: Kannel, text: str, received: str) -> None:
    with receive_callbacks() as (callback, receipts):
        [outcome] = hand_over(kannel.make_channel(callback), [make_message("+8613800139999", text)])
        receipts.get(timeout=15)
        receipts.get(timeout=15)
    assert outcome.result is Result.ACCEPTED
    assert f"<10690 +8613800139999 {received}>" in kannel.centre_log.read_text()


def test_receipts_come_back_by_our_reference_with_type_answer_and_time(kannel: Kannel) -> None:
    message = make_message("+8613800139999")
    with receive_callbacks() as (callback, queries):
        hand_over(kannel.make_channel(f"{callback}?key=1"), [message])
        receipts = [parse_dlr(queries.get(timeout=15)) for _ in range(2)]
    assert [receipt.kind for receipt in receipts] == [ReceiptKind.ACCEPTED, ReceiptKind.DELIVERED]
    assert {receipt.reference for receipt in receipts} == {message.reference}
    assert receipts[0].provider_word == "8 ACK/"
    assert receipts[1].provider_reference
    for receipt in receipts:
        assert receipt.occurred_at is not None
        assert abs(receipt.occurred_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_thousand_messages_have_one_outcome_and_two_receipts_each(kannel: Kannel) -> None:
    messages = [make_message(f"+861380{number:07d}") for number in range(1_000)]
    with receive_callbacks() as (callback, queries):
        outcomes = hand_over(kannel.make_channel(callback), messages)
        receipts = [parse_dlr(queries.get(timeout=30)) for _ in range(2_000)]
    assert {outcome.result for outcome in outcomes} == {Result.ACCEPTED}
    references = sorted(message.reference for message in messages)
    assert sorted(outcome.reference for outcome in outcomes) == references
    for kind in (ReceiptKind.ACCEPTED, ReceiptKind.DELIVERED):
        assert sorted(receipt.reference for receipt in receipts if receipt.kind is kind) == references


def test_kannel_calls_again_until_it_is_answered_200(kannel: Kannel) -> None:
    with receive_callbacks({1: 204, 2: 500}) as (callback, queries):
        hand_over(kannel.make_channel(callback), [make_message("+8613800139999")])
        types = [queries.get(timeout=20)["type"] for _ in range(4)]
    assert sorted(types) == ["1", "1", "8", "8"]


@pytest.mark.parametrize(
    ("address", "password", "result", "reason"),
    [
        ("+99123456789", "secret", Result.PERMANENT, "400 denied by white- and/or black-lists"),
        ("+8613800139999", "wrong", Result.TEMPORARY, "403 Authorization failed"),
    ],
)
def test_a_refusal_is_put_into_our_words(
    kannel: Kannel, address: str, password: str, result: Result, reason: str
) -> None:
    channel = kannel.make_channel("http://127.0.0.1:1/", password)
    [outcome] = hand_over(channel, [make_message(address)])
    assert (outcome.result, outcome.reason) == (result, reason)
