"""The sandbox as its users meet it: a process of its own, reached by HTTP and SMTP."""

import json
from queue import Empty
from time import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from notifications.channels.kannel_reports import parse_dlr
from notifications.tests.outside import SandboxProcess, receive_callbacks
from portal.sandbox.callbacks import fill_escapes
from portal.sandbox.faults import FAULTS, Fault, Word, find_fault_of_address, find_fault_of_phone
from portal.tests.sandboxes import ESCAPES, MAIL, REFERENCE, TAKING, get, send_mail, send_text

# The table -----------------------------------------------------------------------------------------------------------


def test_each_fault_has_an_ending_and_a_tag_of_its_own() -> None:
    assert len({fault.ending for fault in FAULTS}) == len({fault.key for fault in FAULTS}) == len(FAULTS)


def test_a_fault_is_found_by_ending_or_tag_and_everyone_else_is_served_well() -> None:
    assert find_fault_of_phone("+8613800130002").key == "bounce"
    assert find_fault_of_phone("+8613800130999").key == "deliver"
    assert find_fault_of_address("li+bounce@example.com").key == "bounce"
    assert find_fault_of_address("li+BOUNCE@example.com").key == "bounce"
    assert find_fault_of_address("li+unheard-of@example.com").key == "deliver"
    assert find_fault_of_address("bounce@example.com").key == "deliver"


# Text messages -------------------------------------------------------------------------------------------------------

TYPES = {Word.ACCEPTED: "8", Word.DELIVERED: "1", Word.UNDELIVERED: "2", Word.DELAYED: "4", Word.REFUSED: "16", Word.RELAYED: "8"}  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("fault", TAKING, ids=lambda fault: fault.key)
def test_a_number_gets_the_receipts_that_its_fault_names(sandbox: SandboxProcess, fault: Fault) -> None:
    with receive_callbacks() as (callback, received):
        dlr_url = f"{callback}?reference={REFERENCE}&{ESCAPES}"
        assert send_text(sandbox, f"+861380013{fault.ending}", **{"dlr-url": dlr_url}) == (
            202,
            "0: Accepted for delivery",
        )
        queries = [received.get(timeout=10) for _ in fault.steps]
    assert [query["type"] for query in queries] == [TYPES[step.word] for step in fault.steps]
    assert {parse_dlr(query).reference for query in queries} <= {REFERENCE}


def test_a_receipt_can_overtake_the_answer(sandbox: SandboxProcess) -> None:
    with receive_callbacks() as (callback, received):
        send_text(sandbox, "+8613800130013", **{"dlr-url": f"{callback}?reference={REFERENCE}&{ESCAPES}"})
        assert received.get_nowait()["type"] == "1"


def test_a_lost_message_has_no_receipt(sandbox: SandboxProcess) -> None:
    with receive_callbacks() as (callback, received):
        for ending in ("0001", "9999"):
            send_text(sandbox, f"+861380013{ending}", **{"dlr-url": f"{callback}?to={ending}&{ESCAPES}"})
        assert {received.get(timeout=10)["to"] for _ in range(2)} == {"9999"}
        with pytest.raises(Empty):
            received.get_nowait()


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"password": "wrong"}, (403, "Authorization failed for sendsms")),
        ({"to": ""}, (400, "Empty receiver number not allowed, rejected")),
        ({"to": "abc"}, (400, "Number(s) has/have been denied by white- and/or black-lists.")),
        ({"from": ""}, (400, "Sender missing and no global set, rejected")),
        ({"dlr-mask": "64"}, (400, "DLR-Mask field misformed, rejected")),
        ({"dlr-url": "ftp://example.com"}, (400, "DLR-URL field misformed, rejected")),
        ({"to": "+8613800130003"}, (403, "Not routable. Do not try again.")),
        ({"to": "+8613800130004"}, (503, "Temporal failure, try again later.")),
        ({"to": "+8613800130012"}, (500, "")),
    ],
)
def test_a_request_is_refused_in_kannels_words(
    sandbox: SandboxProcess, fields: dict[str, str], answer: tuple[int, str]
) -> None:
    assert send_text(sandbox, **fields) == answer
    assert sandbox.list_messages(wait=0) == []


def test_a_body_that_is_no_text_is_refused_as_kannel_does(sandbox: SandboxProcess) -> None:
    for content_type, words in (
        ("application/json", "Invalid content-type"),
        ("text/plain", "Charset or body misformed"),
    ):
        headers = {
            "Content-Type": content_type, "X-Kannel-Username": "sandbox", "X-Kannel-Password": "sandbox",
            "X-Kannel-From": "1", "X-Kannel-To": "+8613800139999",
        }  # fmt: skip
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(f"{sandbox.url}cgi-bin/sendsms", b"\xff\xfe", headers))
        with refused.value:
            assert refused.value.code == 400
            assert words in refused.value.read().decode()


def test_only_the_receipts_of_the_mask_are_sent(sandbox: SandboxProcess) -> None:
    with receive_callbacks() as (callback, received):
        send_text(sandbox, **{"dlr-url": f"{callback}?{ESCAPES}", "dlr-mask": "1"})
        assert received.get(timeout=10)["type"] == "1"
        assert received.empty()


def test_a_receipt_is_sent_again_until_it_is_answered_200_or_202(sandbox: SandboxProcess) -> None:
    with receive_callbacks({1: 500, 2: 204, 3: 202}) as (callback, received):
        send_text(sandbox, **{"dlr-url": f"{callback}?reference={REFERENCE}&{ESCAPES}", "dlr-mask": "1"})
        assert [received.get(timeout=10)["type"] for _ in range(3)] == ["1", "1", "1"]
        [message] = sandbox.list_messages(receipts=3)
        assert [receipt["answer"] for receipt in message["receipts"]] == ["500", "204", "202"]
        assert received.empty()


def test_a_receipt_for_a_receiver_that_is_down_is_given_up_in_the_end(sandbox: SandboxProcess) -> None:
    send_text(sandbox, **{"dlr-url": f"http://127.0.0.1:1/?{ESCAPES}", "dlr-mask": "1"})
    [message] = sandbox.list_messages(receipts=6)
    assert {receipt["answer"] for receipt in message["receipts"]} == {"ClientConnectorError"}


def test_the_escapes_are_filled_in_and_others_left_alone() -> None:
    url = "http://x/?t=%d&a=%A&x=%2F&y=%z&end=100%"
    assert fill_escapes(url, {"d": "1", "A": "ACK/ &"}) == "http://x/?t=1&a=ACK%2F+%26&x=%2F&y=%z&end=100%"


def test_a_receipt_tells_when_it_was_made_and_who_made_it(sandbox: SandboxProcess) -> None:
    with receive_callbacks() as (callback, received):
        send_text(sandbox, **{"dlr-url": f"{callback}?{ESCAPES}", "dlr-mask": "1"})
        query = received.get(timeout=10)
    assert abs(int(query["time"]) - time()) < 60
    assert query["smsc_reference"] == "SBX000000001"
    assert query["answer"].endswith("stat:DELIVRD err:000 text:Due")


# JSON ----------------------------------------------------------------------------------------------------------------


def test_messages_are_listed_in_the_order_of_their_arrival_with_all_that_came(sandbox: SandboxProcess) -> None:
    send_text(sandbox, text="first")
    send_mail(sandbox)
    first, second = sandbox.list_messages(wait=0)
    assert (first["channel"], first["text"]) == ("sms", "first")
    assert (second["channel"], second["reference"]) == ("email", REFERENCE)
    assert second["raw"].encode() == MAIL
    assert "password=sandbox" not in first["raw"]
    assert first["arrived_at"] < second["arrived_at"]


def test_messages_can_be_narrowed_down(sandbox: SandboxProcess) -> None:
    send_text(sandbox, "+8613800139998")
    send_text(sandbox, "+8613800139999")
    send_mail(sandbox)
    assert [message["recipient"] for message in sandbox.list_messages(channel="sms")] == [
        "+8613800139998", "+8613800139999",
    ]  # fmt: skip
    assert len(sandbox.list_messages(to="+8613800139998")) == 1
    assert len(sandbox.list_messages(reference=REFERENCE)) == 1


def test_a_wait_without_end_or_sense_is_refused_or_cut_short(sandbox: SandboxProcess) -> None:
    assert get(f"{sandbox.url}api/messages?wait=soon") == (400, "wait must be a number.")
    assert sandbox.list_messages(wait=0.05) == []


def test_counts_tell_what_was_taken_refused_and_reported(sandbox: SandboxProcess) -> None:
    send_text(sandbox)
    send_text(sandbox, "+8613800130003")
    send_mail(sandbox)
    counts = sandbox.read_counts()
    assert (counts["messages"], counts["sms"], counts["email"]) == (2, 1, 1)
    assert (counts["not taken"], counts["sms rejected"]) == (1, 1)


def test_a_reset_forgets_everything(sandbox: SandboxProcess) -> None:
    send_text(sandbox)
    sandbox.reset()
    assert sandbox.list_messages(wait=0) == []
    assert "messages" not in sandbox.read_counts()


def test_the_faults_can_be_read_by_programs(sandbox: SandboxProcess) -> None:
    status, body = get(f"{sandbox.url}api/faults")
    assert status == 200
    assert json.loads(body)["bounce"]["phone"] == "0002"
