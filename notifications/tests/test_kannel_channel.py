import socket
import threading
from time import monotonic

import pytest

from notifications.channels.base import ChannelMisconfiguredError, Outcome, ReceiptKind, Result
from notifications.channels.kannel import KannelChannel
from notifications.channels.kannel_reports import parse_dlr
from notifications.channels.posting import IN_FLIGHT
from notifications.tests.kannel_cases import ACCEPTED, always, make_channel, to_port
from notifications.tests.outside import (
    MisbehavingServer,
    SandboxProcess,
    find_closed_port,
    hand_over,
    make_message,
    read_request,
    receive_callbacks,
    run_server,
    write_answer,
)

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"


def to_sandbox(sandbox: SandboxProcess, callback_url: str = "http://127.0.0.1:1/x") -> KannelChannel:
    return make_channel(f"{sandbox.url}cgi-bin/sendsms", callback_url)


def send_one(channel: KannelChannel, address: str = "+8613800139999", text: str = "Payment due tomorrow") -> Outcome:
    [outcome] = hand_over(channel, [make_message(address, text)])
    return outcome


# Handing over --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Due: £8 {or} €9~",
        "您的贷款 ¥88.00 明天到期\nhttps://portal.example/a/x",
        "due 😀 tomorrow",
        "100% & more + \r\n =?",
    ],
)
def test_a_text_arrives_letter_by_letter(sandbox: SandboxProcess, text: str) -> None:
    message = make_message("+8613800139999", text)
    [outcome] = hand_over(to_sandbox(sandbox), [message])
    [arrived] = sandbox.list_messages(reference=message.reference)
    assert outcome == Outcome(message.reference, Result.ACCEPTED)
    assert arrived["text"] == text
    assert (arrived["sender"], arrived["recipient"]) == ("10690", "+8613800139999")


@pytest.mark.parametrize(("text", "wide"), [("Due: £8 {or} €9~", False), ("您的贷款", True)])
def test_only_a_text_outside_the_default_alphabet_is_sent_wide(text: str, wide: bool) -> None:
    with run_server(always(ACCEPTED)) as gateway:
        send_one(to_port(gateway.port), text=text)
    assert (b"x-kannel-coding: 2" in gateway.requests[0].lower()) is wide


def test_number_and_wording_are_in_no_address_that_a_log_could_keep() -> None:
    with run_server(always(ACCEPTED)) as gateway:
        send_one(to_port(gateway.port))
    assert gateway.requests[0].startswith(b"POST /cgi-bin/sendsms HTTP/1.1\r\n")


def test_every_kind_of_receipt_is_asked_for_at_our_address_with_our_reference(sandbox: SandboxProcess) -> None:
    with receive_callbacks() as (callback_url, _):
        message = make_message("+8613800130001")
        hand_over(to_sandbox(sandbox, f"{callback_url}?key=1"), [message])
    [arrived] = sandbox.list_messages(reference=message.reference)
    assert arrived["report_on"] == ["1", "16", "2", "4", "8"]
    assert arrived["report_to"] == (
        f"{callback_url}?key=1&reference={message.reference}&type=%d&answer=%A&smsc_reference=%F&time=%T"
    )


def test_receipts_come_back_by_our_reference(sandbox: SandboxProcess) -> None:
    with receive_callbacks() as (callback_url, received):
        message = make_message("+8613800139999", "the wording of this message")
        hand_over(to_sandbox(sandbox, callback_url), [message])
        receipts = [parse_dlr(received.get(timeout=10)) for _ in range(2)]
    assert [receipt.kind for receipt in receipts] == [ReceiptKind.ACCEPTED, ReceiptKind.DELIVERED]
    assert {receipt.reference for receipt in receipts} == {message.reference}
    assert receipts[0].provider_word == "8 ACK/"
    assert receipts[1].provider_word == "1 stat:DELIVRD err:000"
    assert receipts[1].provider_reference.startswith("SBX")
    assert all(receipt.occurred_at is not None and receipt.occurred_at.tzinfo for receipt in receipts)


def test_each_message_of_a_batch_has_one_outcome_whatever_it_meets(sandbox: SandboxProcess) -> None:
    expected = {
        "0000": Result.ACCEPTED, "0001": Result.ACCEPTED, "0002": Result.ACCEPTED, "0003": Result.PERMANENT,
        "0004": Result.TEMPORARY, "0010": Result.UNKNOWN, "0011": Result.UNKNOWN, "0012": Result.UNKNOWN,
        "0013": Result.ACCEPTED,
    }  # fmt: skip
    messages = [make_message(f"+861380013{ending}") for ending in expected] * 2
    outcomes = hand_over(to_sandbox(sandbox), messages)
    results = {outcome.reference: outcome.result for outcome in outcomes}
    assert len(outcomes) == len(messages)
    assert [results[message.reference] for message in messages] == list(expected.values()) * 2


def test_a_message_that_fails_for_the_moment_is_taken_at_the_third_try(sandbox: SandboxProcess) -> None:
    message = make_message("+8613800130004")
    results = [hand_over(to_sandbox(sandbox), [message])[0].result for _ in range(3)]
    assert results == [Result.TEMPORARY, Result.TEMPORARY, Result.ACCEPTED]


# What the gateway's answers mean -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "result", "reason"),
    [
        (write_answer("202 Accepted", "3: Queued for later delivery"), Result.ACCEPTED, ""),
        (write_answer("400 No", "Missing receiver number, rejected"), Result.PERMANENT, "400 Missing receiver"),
        (write_answer("402 Payment Required", "no credit"), Result.TEMPORARY, "402"),
        (write_answer("403 No", "Authorization failed for sendsms"), Result.TEMPORARY, "403 Authorization failed"),
        (write_answer("404 Not Found", "Unknown request."), Result.TEMPORARY, "404"),
        (write_answer("429 Too Many", "slower"), Result.TEMPORARY, "429"),
        (write_answer("500 Error", "Sending failed."), Result.TEMPORARY, "500 Sending failed."),
        (write_answer("500 Error", "oops"), Result.UNKNOWN, "500"),
        (write_answer("502 Bad Gateway", "proxy"), Result.UNKNOWN, "502"),
        (write_answer("503 Service Unavailable", "<html>no backend</html>"), Result.UNKNOWN, "503"),
        (write_answer("504 Gateway Timeout", "proxy"), Result.UNKNOWN, "504"),
        (write_answer("200 OK", "<html>log in to this network</html>"), Result.UNKNOWN, "200"),
        (write_answer("422 No", "+8613800139999 may not have 'Payment due tomorrow'"), Result.PERMANENT, "422"),
    ],
)  # fmt: skip
def test_an_answer_is_put_into_our_words_without_number_or_wording(answer: bytes, result: Result, reason: str) -> None:
    with run_server(always(answer)) as gateway:
        outcome = send_one(to_port(gateway.port))
    assert (outcome.result, outcome.reason) == (result, reason)
    assert not outcome.address_fault


def test_a_wrong_password_is_passing_as_it_says_nothing_of_the_number(sandbox: SandboxProcess) -> None:
    outcome = send_one(make_channel(f"{sandbox.url}cgi-bin/sendsms", password="wrong"))
    assert outcome.result is Result.TEMPORARY


def test_a_busy_gateway_is_passing(sandbox: SandboxProcess) -> None:
    outcome = send_one(to_sandbox(sandbox), "+8613800130004")
    assert outcome.result is Result.TEMPORARY
    assert outcome.reason == "503 Temporal failure, try again later."


def test_a_gateway_that_is_down_is_passing() -> None:
    outcome = send_one(to_port(find_closed_port()))
    assert outcome.result is Result.TEMPORARY
    assert outcome.reason == "gateway cannot be reached: no connection"


def test_a_gateway_that_does_not_answer_leaves_the_outcome_unknown(sandbox: SandboxProcess) -> None:
    outcome = send_one(to_sandbox(sandbox), "+8613800130010")
    assert outcome.result is Result.UNKNOWN
    assert outcome.reason == "no answer after the request was sent: time-out"


def test_a_connection_dropped_after_the_request_leaves_the_outcome_unknown(sandbox: SandboxProcess) -> None:
    message = make_message("+8613800130011")
    [outcome] = hand_over(to_sandbox(sandbox), [message])
    assert outcome.result is Result.UNKNOWN
    assert len(sandbox.list_messages(reference=message.reference)) == 1


def test_an_answer_that_trickles_in_is_given_up() -> None:
    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000000\r\n\r\n")
        while not stopped.wait(0.05):
            connection.sendall(b"0")

    stopped = threading.Event()
    with run_server(serve) as gateway:
        begun = monotonic()
        outcome = send_one(to_port(gateway.port))
        stopped.set()
    assert outcome.result is Result.UNKNOWN
    assert monotonic() - begun < 20


def test_a_request_is_never_repeated_when_a_used_connection_is_dropped() -> None:
    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        """Answers the first request of each connection and drops the second."""
        shared.requests.append(read_request(connection))
        connection.sendall(ACCEPTED)
        shared.requests.append(read_request(connection))

    with run_server(serve) as gateway:
        outcomes = hand_over(to_port(gateway.port), [make_message("+8613800139999") for _ in range(IN_FLIGHT + 2)])
        results = [outcome.result for outcome in outcomes]
        sent = [request for request in gateway.requests if request]
    assert Result.UNKNOWN in results
    assert len(sent) == len(results)


def test_a_redirection_is_not_followed() -> None:
    with run_server(always(ACCEPTED)) as elsewhere:
        redirection = write_answer("302 Found", "", Location=f"http://127.0.0.1:{elsewhere.port}/")
        with run_server(always(redirection)) as gateway:
            outcome = send_one(to_port(gateway.port))
    assert outcome.result is Result.TEMPORARY
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "address", ["", "abc", "+", "12", "+1234567890123456", "+861380013 9999", "1\r\nX-Kannel-To: 2"]
)
def test_a_malformed_number_is_refused_before_the_gateway_hears_of_it(address: str) -> None:
    with run_server(always(ACCEPTED)) as gateway:
        outcome = send_one(to_port(gateway.port), address)
    assert outcome.result is Result.PERMANENT
    assert outcome.address_fault
    assert gateway.requests == []


def test_wording_that_no_request_can_hold_is_refused_for_good() -> None:
    with run_server(always(ACCEPTED)) as gateway:
        outcome = send_one(to_port(gateway.port), text="half a letter: \ud83d")
    assert outcome.result is Result.PERMANENT
    assert gateway.requests == []


@pytest.mark.parametrize("callback_url", ["", "ftp://portal.example/", "http://portal.example/%41/"])
def test_a_callback_address_that_kannel_would_spoil_is_refused_at_once(callback_url: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match="SMS_CALLBACK_URL"):
        make_channel("http://127.0.0.1:1/", callback_url)
