import xml.etree.ElementTree as ElementTree
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.base import ChannelMisconfiguredError, Outcome, ReceiptKind, Result
from notifications.channels.raw_request import join
from notifications.channels.twiml import write_call, write_nothing, write_words
from notifications.channels.voice import VoiceChannel
from notifications.channels.voice_reports import parse_call, read_key
from notifications.tests.outside import hand_over, make_message
from notifications.tests.providers import HANG, Answer, run_provider
from notifications.tests.test_twilio_channel import SID, account, answer

NUMBER = "+8613800139999"
REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"
QUERY = f"reference={REFERENCE}"
CALL = "CA" + "fedcba9876543210" * 2
TAKEN = {"sid": CALL, "status": "queued", "direction": "outbound-api", "to": NUMBER, "answered_by": None}
PRESSED = "https://portal.example/webhooks/twilio/call/key/?reference=1&a=2"

COMPLETED = (
    b"Called=%2B8613800139999&ToState=&CallerCountry=US&Direction=outbound-api&Timestamp=Sun%2C+22+Nov+2026+11%3A38%3A50"
    b"+%2B0000&CallbackSource=call-progress-events&SipResponseCode=200&AnsweredBy=human&SequenceNumber=3"
    b"&CallSid=CAfedcba9876543210fedcba9876543210&To=%2B8613800139999&CallStatus=completed&Duration=1&CallDuration=21"
    b"&AccountSid=AC0123456789abcdef0123456789abcdef&ApiVersion=2010-04-01&From=%2B14155552345"
)
"""A callback as it comes."""


def make_channel(url: str, caller: str = "+14155552345", patience: float = 10.0) -> VoiceChannel:
    return VoiceChannel(
        account=account(url), caller=caller, words_path="/words/", report_path="/report/", answer_seconds=patience
    )


def send_one(given_answer: Answer) -> Outcome:
    with run_provider(given_answer) as twilio:
        channel = make_channel(twilio.url, patience=0.5 if given_answer.hangs else 10.0)
        [outcome] = hand_over(channel, [make_message(NUMBER)])
    return outcome


def callback(**form: str) -> bytes:
    return join(QUERY, urlencode({"CallSid": CALL} | form).encode())


# Calling -------------------------------------------------------------------------------------------------------------


def test_a_call_is_asked_for_with_addresses_of_ours_and_without_its_wording() -> None:
    message = make_message(NUMBER, "the wording of this message")
    with run_provider(answer(201, TAKEN)) as twilio:
        [outcome] = hand_over(make_channel(twilio.url), [message])
    [asked] = twilio.asked
    assert outcome == Outcome(message.reference, Result.ACCEPTED, provider_reference=CALL)
    assert asked.target == f"/2010-04-01/Accounts/{SID}/Calls.json"
    assert (asked.form["To"], asked.form["From"]) == (NUMBER, "+14155552345")
    assert asked.form["Url"] == f"https://portal.example/words/?reference={message.reference}#rc=3&rp=ct,rt,5xx"
    assert asked.form["StatusCallback"].startswith(f"https://portal.example/report/?reference={message.reference}")
    events = [value for name, value in parse_qsl(asked.body.decode()) if name == "StatusCallbackEvent"]
    assert events == ["initiated", "ringing", "answered", "completed"]
    assert b"wording" not in asked.body


@pytest.mark.parametrize(
    ("given_answer", "result", "fault"),
    [
        (answer(400, {"code": 21211}), Result.PERMANENT, True),
        (answer(400, {"code": 21217}), Result.PERMANENT, True),
        (answer(400, {"code": 21214}), Result.PERMANENT, False),
        (answer(400, {"code": 21215}), Result.TEMPORARY, False),
        (answer(500, {}), Result.UNKNOWN, False),
        (HANG, Result.UNKNOWN, False),
    ],
)
def test_answers_are_judged_as_those_to_text_messages(given_answer: Answer, result: Result, fault: bool) -> None:
    outcome = send_one(given_answer)
    assert (outcome.result, outcome.address_fault) == (result, fault)
    assert not VoiceChannel.safe_to_resend


@pytest.mark.parametrize("caller", ["", "Dueproof", "14155552345"])
def test_a_caller_that_is_no_number_is_refused(caller: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match="TWILIO_CALLER"):
        make_channel("http://127.0.0.1:1", caller)


# What is said --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "voice"), [("en", "en-US"), ("zh-hans", "zh-CN"), ("zh-hant", "zh-TW"), ("fr", "en-US")]
)
def test_a_call_says_the_text_twice_in_the_readers_language_and_waits_for_one_key(language: str, voice: str) -> None:
    response = ElementTree.fromstring(write_call("Payment <due> & more", language, PRESSED))
    gather = response[0]
    assert [element.tag for element in response] == ["Gather", "Hangup"]
    assert (gather.get("numDigits"), gather.get("input"), gather.get("action")) == ("1", "dtmf", PRESSED)
    assert [say.text for say in gather.findall("Say")] == ["Payment <due> & more"] * 2
    assert {say.get("language") for say in gather.findall("Say")} == {voice}


@given(st.text(st.characters(codec="utf-8")))
def test_no_words_can_break_the_markup(text: str) -> None:
    said = ElementTree.fromstring(write_call(text, "en", PRESSED)).findall("Gather/Say")
    assert len(said) == 2
    assert ElementTree.fromstring(write_words(text, "zh-hans"))[1].tag == "Hangup"


def test_where_nothing_is_to_be_said_the_call_ends() -> None:
    assert [element.tag for element in ElementTree.fromstring(write_nothing())] == ["Hangup"]


# Reports -------------------------------------------------------------------------------------------------------------


def test_a_callback_as_it_comes_is_a_receipt_for_our_reference() -> None:
    [receipt] = parse_call(join(QUERY, COMPLETED))
    assert (receipt.reference, receipt.kind, receipt.provider_reference) == (REFERENCE, ReceiptKind.ACCEPTED, CALL)
    assert receipt.provider_word == "completed human"
    assert receipt.occurred_at is not None
    assert receipt.occurred_at.isoformat() == "2026-11-22T11:38:50+00:00"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "yesterday",
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Sun, 22 Nov 2026 11:38:50 +9999",
        "Sun, 22 Nov 2026 11:38:50 +99999999999999",
        "Sun, 22 Nov 99999999999999999999 11:38:50 +0000",
    ],
)
def test_a_moment_that_no_calendar_has_is_left_out_and_the_rest_is_read(said: str) -> None:
    [receipt] = parse_call(callback(CallStatus="completed", AnsweredBy="human", Timestamp=said))
    assert (receipt.kind, receipt.provider_word, receipt.occurred_at) == (
        ReceiptKind.ACCEPTED,
        "completed human",
        None,
    )


def by(whom: str) -> dict[str, str]:
    return {"CallStatus": "completed", "AnsweredBy": whom}


@pytest.mark.parametrize(
    ("form", "kind", "permanent", "word"),
    [
        ({"CallStatus": "initiated"}, ReceiptKind.DELAYED, None, "initiated"),
        ({"CallStatus": "ringing"}, ReceiptKind.DELAYED, None, "ringing"),
        ({"CallStatus": "in-progress"}, ReceiptKind.ACCEPTED, None, "in-progress"),
        ({"CallStatus": "in-progress", "AnsweredBy": "human"}, ReceiptKind.ACCEPTED, None, "in-progress human"),
        (by("human"), ReceiptKind.ACCEPTED, None, "completed human"),
        (by("somebody"), ReceiptKind.ACCEPTED, None, "completed"),
        ({"CallStatus": "completed"}, ReceiptKind.ACCEPTED, None, "completed"),
        (by("machine_start"), ReceiptKind.ACCEPTED, None, "completed machine_start"),
        (by("fax"), ReceiptKind.ACCEPTED, None, "completed fax"),
        (by("unknown"), ReceiptKind.ACCEPTED, None, "completed unknown"),
        ({"CallStatus": "busy"}, ReceiptKind.FAILED, False, "busy"),
        ({"CallStatus": "no-answer"}, ReceiptKind.FAILED, False, "no-answer"),
        ({"CallStatus": "canceled"}, ReceiptKind.FAILED, False, "canceled"),
        ({"CallStatus": "failed"}, ReceiptKind.FAILED, None, "failed"),
        ({"CallStatus": "failed", "ErrorCode": "13224"}, ReceiptKind.FAILED, True, "failed"),
        ({"CallStatus": "singing"}, ReceiptKind.UNKNOWN, None, "singing"),
        ({}, ReceiptKind.UNKNOWN, None, "?"),
    ],
)  # fmt: skip
def test_each_status_is_put_into_our_words(
    form: dict[str, str], kind: ReceiptKind, permanent: bool | None, word: str
) -> None:
    [receipt] = parse_call(callback(**form))
    assert (receipt.kind, receipt.permanent, receipt.provider_word) == (kind, permanent, word)


@pytest.mark.parametrize(("key", "kind"), [("1", ReceiptKind.DELIVERED), ("2", ReceiptKind.SEEN)])
def test_only_the_key_that_confirms_proves_that_a_person_heard_it(key: str, kind: ReceiptKind) -> None:
    [receipt] = parse_call(callback(CallStatus="in-progress", Digits=key))
    assert (receipt.kind, receipt.provider_word) == (kind, f"key {key}")


@pytest.mark.parametrize(
    ("digits", "key"), [("1", "1"), ("*", "*"), ("#", "#"), ("12", ""), ("", ""), ("a", ""), ("１", "")]
)
def test_one_key_is_read_and_nothing_else(digits: str, key: str) -> None:
    assert read_key(callback(Digits=digits)) == (REFERENCE, key)


def test_a_key_without_our_reference_is_nobodys() -> None:
    assert read_key(join("", b"Digits=1")) == ("", "1")
    assert parse_call(join("", b"Digits=1"))[0].kind is ReceiptKind.UNKNOWN


@given(st.binary())
def test_anything_can_be_read_as_something(raw: bytes) -> None:
    assert len(parse_call(raw)) == 1
