import base64
import json

import pytest

from notifications.channels.base import ChannelMisconfiguredError, Outcome, Result
from notifications.channels.posting import IN_FLIGHT
from notifications.channels.twilio import TwilioChannel
from notifications.channels.twilio_account import TwilioAccount
from notifications.channels.twilio_answers import judge_answer
from notifications.tests.outside import find_closed_port, hand_over, make_message
from notifications.tests.providers import DROP, HANG, Answer, Asked, run_provider

SID = "AC" + "0123456789abcdef" * 2
MESSAGE = "SM" + "fedcba9876543210" * 2
NUMBER = "+8613800139999"

# As Twilio's pages show them, shortened by fields that nobody here reads.
TAKEN = {
    "account_sid": SID, "api_version": "2010-04-01", "body": "Payment due tomorrow", "error_code": None,
    "date_created": "Thu, 24 Aug 2023 05:01:45 +0000", "direction": "outbound-api", "error_message": None,
    "from": "+14155552345", "num_segments": "1", "price": None, "sid": MESSAGE, "status": "queued", "to": NUMBER,
}  # fmt: skip
REFUSED = {
    "code": 21211,
    "message": f"The 'To' number {NUMBER} is not a valid phone number.",
    "more_info": "https://www.twilio.com/docs/errors/21211",
    "status": 400,
}


def account(api_url: str = "http://127.0.0.1:1", **fields: str) -> TwilioAccount:
    usual = {"sid": SID, "token": "a-token", "callback_base": "https://portal.example"}
    return TwilioAccount(api_url=api_url, **(usual | fields))


def make_channel(url: str, sender: str = "+14155552345", patience: float = 10.0) -> TwilioChannel:
    return TwilioChannel(
        account=account(url), sender=sender, report_path="/webhooks/twilio/message/", answer_seconds=patience
    )


def answer(status: int, fields: object) -> Answer:
    return Answer(status, json.dumps(fields), {"Content-Type": "application/json"})


def send_one(url: str, address: str = NUMBER, text: str = "Payment due tomorrow") -> Outcome:
    [outcome] = hand_over(make_channel(url), [make_message(address, text)])
    return outcome


# Handing over --------------------------------------------------------------------------------------------------------


def test_a_message_is_posted_with_our_reference_in_the_address_of_its_callbacks() -> None:
    message = make_message(NUMBER, "您的贷款 ¥88.00 明天到期 & more + 100%\n😀")
    with run_provider(answer(201, TAKEN)) as twilio:
        [outcome] = hand_over(make_channel(twilio.url), [message])
    [asked] = twilio.asked
    assert outcome == Outcome(message.reference, Result.ACCEPTED, provider_reference=MESSAGE)
    assert (asked.method, asked.target) == ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json")
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(f"{SID}:a-token".encode()).decode()
    assert asked.form == {
        "From": "+14155552345",
        "To": NUMBER,
        "Body": message.text,
        "StatusCallback": f"https://portal.example/webhooks/twilio/message/?reference={message.reference}"
        "#rc=3&rp=ct,rt,5xx",
    }


def test_a_messaging_service_chooses_the_sender_where_one_is_named() -> None:
    service = "MG" + "0123456789abcdef" * 2
    with run_provider(answer(201, TAKEN)) as twilio:
        hand_over(make_channel(twilio.url, sender=service), [make_message(NUMBER)])
    assert twilio.asked[0].form["MessagingServiceSid"] == service
    assert "From" not in twilio.asked[0].form


@pytest.mark.parametrize("address", ["", "abc", "8613800139999", "+0123456789", "+1234567890123456", "+86 138001"])
def test_a_malformed_number_is_refused_before_twilio_hears_of_it(address: str) -> None:
    with run_provider(answer(201, TAKEN)) as twilio:
        outcome = send_one(twilio.url, address)
    assert (outcome.result, outcome.address_fault) == (Result.PERMANENT, True)
    assert twilio.asked == []


def test_wording_that_no_form_can_hold_is_refused_for_good() -> None:
    with run_provider(answer(201, TAKEN)) as twilio:
        outcome = send_one(twilio.url, text="half a letter: \ud83d")
    assert (outcome.result, outcome.address_fault) == (Result.PERMANENT, False)
    assert twilio.asked == []


def test_many_messages_are_asked_at_once_and_each_has_one_outcome() -> None:
    def by_number(asked: Asked) -> Answer:
        return answer(400, REFUSED) if asked.form["To"].endswith("1") else answer(201, TAKEN)

    messages = [make_message(f"+861380013{number:04}") for number in range(IN_FLIGHT * 2)]
    with run_provider(by_number) as twilio:
        results = {outcome.reference: outcome.result for outcome in hand_over(make_channel(twilio.url), messages)}
    assert len(twilio.asked) == len(results) == len(messages)
    assert [results[message.reference] for message in messages] == [
        Result.PERMANENT if message.address.endswith("1") else Result.ACCEPTED for message in messages
    ]


def test_a_reader_who_has_told_this_sender_to_stop_is_no_fault_of_the_number() -> None:
    by_code = {code: judge_answer("r", 400, json.dumps({"code": code})).opted_out for code in (21610, 21211, 21612)}
    assert by_code == {21610: True, 21211: False, 21612: False}


def test_of_a_landline_it_says_that_no_text_message_reaches_it() -> None:
    by_code = {code: judge_answer("r", 400, json.dumps({"code": code})).no_texts for code in (21614, 21635, 21211)}
    assert by_code == {21614: True, 21635: True, 21211: False}


# What the answers mean -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "fields", "result", "reason", "fault"),
    [
        (400, REFUSED, Result.PERMANENT, "400 21211 not a valid number", True),
        (400, {"code": 21614}, Result.PERMANENT, "400 21614 not a mobile number", True),
        (400, {"code": 21610}, Result.PERMANENT, "400 21610 the reader has told this sender to stop", False),
        (400, {"code": 21617}, Result.PERMANENT, "400 21617 wording is too long", False),
        (400, {"code": 21606}, Result.TEMPORARY, "400 21606", False),
        (400, {"code": 21408}, Result.TEMPORARY, "400 21408", False),
        (400, "no object", Result.TEMPORARY, "400", False),
        (401, {"code": 20003}, Result.TEMPORARY, "401 20003", False),
        (429, {"code": 20429}, Result.TEMPORARY, "429 20429", False),
        (500, {"code": 20500}, Result.UNKNOWN, "500 20500", False),
        (503, {"code": 20503}, Result.UNKNOWN, "503 20503", False),
        (504, "gateway", Result.UNKNOWN, "504", False),
        (200, "log in to this network", Result.UNKNOWN, "200 without a message's name", False),
        (201, TAKEN | {"sid": "Li Hua"}, Result.UNKNOWN, "201 without a message's name", False),
        (201, TAKEN | {"status": "failed", "error_code": 30006}, Result.PERMANENT,
         "201 30006 a landline, or a network that cannot be reached", False),
        (201, TAKEN | {"status": "failed", "error_code": 30001}, Result.TEMPORARY, "201 30001", False),
    ],
)  # fmt: skip
def test_an_answer_is_put_into_our_words_without_number_or_wording(
    status: int, fields: object, result: Result, reason: str, fault: bool
) -> None:
    with run_provider(answer(status, fields)) as twilio:
        outcome = send_one(twilio.url)
    assert (outcome.result, outcome.reason, outcome.address_fault) == (result, reason, fault)


def test_a_redirection_is_not_followed_and_nothing_was_taken() -> None:
    with (
        run_provider(answer(201, TAKEN)) as elsewhere,
        run_provider(Answer(307, headers={"Location": elsewhere.url})) as twilio,
    ):
        outcome = send_one(twilio.url)
    assert outcome.result is Result.TEMPORARY
    assert elsewhere.asked == []


def test_without_a_connection_nothing_was_taken() -> None:
    outcome = send_one(f"http://127.0.0.1:{find_closed_port()}")
    assert outcome.result is Result.TEMPORARY
    assert outcome.reason == "gateway cannot be reached: no connection"


@pytest.mark.parametrize("fate", [DROP, HANG])
def test_after_the_request_was_sent_the_outcome_is_unknown_and_it_is_asked_once(fate: Answer) -> None:
    with run_provider(fate) as twilio:
        [outcome] = hand_over(make_channel(twilio.url, patience=0.5), [make_message(NUMBER)])
    assert outcome.result is Result.UNKNOWN
    assert len(twilio.asked) == 1
    assert not TwilioChannel.safe_to_resend


# Settings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "setting"),
    [
        ({"sid": ""}, "TWILIO_ACCOUNT_SID"),
        ({"sid": "AC12"}, "TWILIO_ACCOUNT_SID"),
        ({"token": ""}, "TWILIO_AUTH_TOKEN"),
        ({"callback_base": "portal.example"}, "TWILIO_CALLBACK_BASE"),
        ({"callback_base": "https://portal.example/#x"}, "TWILIO_CALLBACK_BASE"),
        ({"api_url": "http://api.twilio.com"}, "TWILIO_API_URL"),
    ],
)
def test_an_account_that_cannot_work_is_refused_with_the_settings_name(fields: dict[str, str], setting: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match=setting):
        account(**fields)


@pytest.mark.parametrize("sender", ["", "+", "a name that is too long", "名字"])
def test_a_sender_that_cannot_be_one_is_refused(sender: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match="TWILIO_SENDER"):
        make_channel("http://127.0.0.1:1", sender=sender)
