import xml.etree.ElementTree as ElementTree
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from notifications.channels.twilio_signature import RETRIES
from notifications.models import (
    Acknowledgement,
    AgentTask,
    Callback,
    Delivery,
    InboundText,
    Prompt,
    Receipt,
    RefusedCalls,
)
from notifications.preferences import is_on, set_channel
from notifications.receipts import apply_waiting
from notifications.signatures import reference_of, reply_code
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.webhook_cases import NOBODYS, Call, DoorCases, ReceiptCases, answered, delivery_named, make

TOKEN = "an-auth-token"
BASE = "https://callbacks.portal.example"
"""What Twilio calls, which is not what the server behind the proxy is called."""
MESSAGE = {
    "MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered", "To": "+8613800139999", "From": "+14155552345",
    "AccountSid": "AC" + "0" * 32, "ApiVersion": "2010-04-01",
}  # fmt: skip
CALL = {
    "CallSid": "CA" + "0" * 32, "CallStatus": "completed", "AnsweredBy": "human", "To": "+8613800139999",
    "Timestamp": "Sun, 22 Nov 2026 11:38:50 +0000",
}  # fmt: skip
TEXT = {
    "MessageSid": "SM" + "1" * 32, "From": "+12125551234", "To": "+14155552345", "Body": "Hello", "NumMedia": "0",
    "AccountSid": "AC" + "0" * 32, "ApiVersion": "2010-04-01",
}  # fmt: skip


def signed(target: str, form: dict[str, str], token: str = TOKEN, url: str = "") -> Call:
    twilios: Any = RequestValidator(token)  # type: ignore[no-untyped-call]
    signature = twilios.compute_signature(url or BASE + target, form)
    return Call("POST", target, urlencode(form).encode(), headers={"X-Twilio-Signature": signature})


class TwilioCases(DoorCases):
    signs_body = True
    form: ClassVar[dict[str, str]]

    @pytest.fixture(autouse=True)
    def _secrets(self, settings: Settings) -> None:
        self.settings = settings
        settings.TWILIO_AUTH_TOKEN, settings.TWILIO_CALLBACK_BASE = TOKEN, BASE

    def target(self, reference: str, view: str = "") -> str:
        return f"{reverse(view or self.door)}?reference={reference}"

    def fields(self, reference: str) -> dict[str, str]:
        """The form of a call about this message."""
        return self.form

    def genuine(self, reference: str) -> Call:
        return signed(self.target(reference), self.fields(reference))

    def unsigned(self, reference: str) -> Call:
        return Call("POST", self.target(reference), urlencode(self.fields(reference)).encode())

    def wrongly_signed(self, reference: str) -> Call:
        return signed(self.target(reference), self.fields(reference), token="another")

    def altered(self, reference: str, other: str) -> Call:
        call = self.genuine(other)
        return Call(call.method, call.target, call.body + b"&ErrorCode=30005", headers=call.headers)

    def signed_for_elsewhere(self, reference: str) -> Call:
        genuine = signed(self.target(NOBODYS), self.fields(reference))
        return Call(genuine.method, self.target(reference), genuine.body, headers=genuine.headers)

    def malformed(self) -> Call:
        return signed(self.target("x"), {"Body": "Stop", "From": "+14155552345"})

    def oversized(self, reference: str) -> Call:
        return signed(self.target(reference), self.form | {"Body": "a" * 17_000})

    def take_away_the_secret(self) -> None:
        self.settings.TWILIO_AUTH_TOKEN = ""

    def test_an_empty_key_is_no_key(self) -> None:
        self.settings.TWILIO_AUTH_TOKEN = ""
        self.assert_refused(signed(self.target("x"), self.form, token=""))

    def test_a_form_of_a_thousand_fields_is_refused(self) -> None:
        call = signed(self.target("x"), {str(number): "" for number in range(1000)})
        self.assert_refused(call, 400, why=RefusedCalls.Why.UNREADABLE)

    def test_our_wish_for_retries_may_be_signed_too(self, delivery: Delivery) -> None:
        target = self.target(reference_of(delivery.pk))
        fields = self.fields(reference_of(delivery.pk))
        assert make(signed(target, fields, url=BASE + target + RETRIES)) == 200

    def test_what_is_kept_is_the_address_and_the_form_as_they_came(self, delivery: Delivery) -> None:
        reference = reference_of(delivery.pk)
        make(self.genuine(reference))
        query = self.target(reference).partition("?")[2]
        assert bytes(Callback.objects.get().raw) == f"{query}\n{urlencode(self.fields(reference))}".encode()


class TestTwilioMessages(TwilioCases, ReceiptCases):
    door = "twilio_report"
    channel = "sms"
    provider = "twilio"
    form = MESSAGE


class TestTwilioCallReports(TwilioCases):
    door = "twilio_call_report"
    channel = "voice"
    provider = "twilio_voice"
    form = CALL


class TestTwilioCallWords(TwilioCases):
    door = "twilio_call_words"
    channel = "voice"
    provider = "twilio_voice"
    form = CALL | {"CallStatus": "in-progress"}


class TestTwilioCalls(TwilioCases, ReceiptCases):
    """What proves that somebody was told is the call at the end of the words."""

    door = "twilio_call_key"
    channel = "voice"
    provider = "twilio_voice"
    form = CALL | {"CallStatus": "in-progress"}

    def target(self, reference: str, view: str = "") -> str:
        return super().target(reference, view) + "&answered_by=human"

    def malformed(self) -> Call:
        return signed(self.target("x"), {"Body": "Stop", "From": "+14155552345"})

    def test_a_signature_for_messages_is_none_for_calls(self, delivery: Delivery) -> None:
        genuine = signed(self.target(reference_of(delivery.pk), "twilio_report"), CALL)
        self.assert_refused(
            Call("POST", self.target(reference_of(delivery.pk)), genuine.body, headers=genuine.headers), 403
        )


class TestTwilioTexts(TwilioCases):
    """Somebody writes the code of a message to them."""

    door = "twilio_text"
    channel = "sms"
    provider = "twilio_in"
    form = TEXT

    def target(self, reference: str, view: str = "") -> str:
        """The same for every message, as it is set at Twilio by hand."""
        return reverse(view or self.door)

    def fields(self, reference: str) -> dict[str, str]:
        told = delivery_named(reference)
        return self.form | {"From": told.address, "Body": reply_code(told.pk)}

    def altered(self, reference: str, other: str) -> Call:
        call = self.genuine(reference_of(Delivery.objects.get().pk))
        return Call(call.method, call.target, call.body + b"0", headers=call.headers)

    def signed_for_elsewhere(self, reference: str) -> Call:
        genuine = signed(self.target(reference, "twilio_report"), self.fields(reference))
        return Call(genuine.method, self.target(reference), genuine.body, headers=genuine.headers)

    def malformed(self) -> Call:
        return signed(self.target("x"), MESSAGE)


# What somebody writes ------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(_twilio: None) -> Delivery:
    """An SMS that asks for "I know", handed over."""
    return make_delivery(status=Status.SENT, sent_at=NOON, handed_at=NOON)


def write(sender: str, text: str, sid: str = "1") -> str:
    """What Twilio is told to answer to a message that it brings from `sender`."""
    answer = answered(signed(reverse("twilio_text"), TEXT | {"From": sender, "Body": text, "MessageSid": f"SM{sid}"}))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    response = ElementTree.fromstring(answer.content)
    assert response.tag == "Response"
    return " ".join(str(message.text) for message in response.findall("Message"))


@pytest.mark.django_db
def test_a_code_by_twilio_acknowledges_its_message(asked: Delivery) -> None:
    assert write(asked.address, f"ok {reply_code(asked.pk)}") == "Thank you. We noted that you know."
    acknowledgement = Acknowledgement.objects.get()
    assert (acknowledgement.prompt, acknowledgement.delivery, acknowledgement.method) == (asked.prompt, asked, "reply")
    assert Callback.objects.get().provider == "twilio_in"


@pytest.mark.django_db
@pytest.mark.parametrize("sender", ["{}", "whatsapp:{}"])
def test_stop_by_twilio_is_obeyed_and_confirmed_once(asked: Delivery, sender: str) -> None:
    written_from = sender.format(asked.address)
    assert write(written_from, "STOP", "1") == "You get no more SMS from us. We use your other channels."
    assert not is_on(asked.prompt.borrower, "sms")
    assert write(written_from, "stop", "2") == ""


@pytest.mark.django_db
def test_anything_else_by_twilio_goes_to_a_person(asked: Delivery) -> None:
    assert write(asked.address, "I paid <yesterday> & today").startswith("Thank you. A person reads this")
    assert AgentTask.objects.get().borrower == asked.prompt.borrower
    assert write(asked.address, "And once more", "2") == ""


@pytest.mark.django_db
def test_a_number_that_is_nobodys_is_kept_and_answered_with_nothing(asked: Delivery) -> None:
    assert write("+12125551234", "STOP") == ""
    assert InboundText.objects.get().borrower is None
    assert is_on(asked.prompt.borrower, "sms")


@pytest.mark.django_db
def test_a_captured_call_switches_nothing_off_that_was_switched_on_since(asked: Delivery) -> None:
    """Twilio's signature has no time."""
    borrower = asked.prompt.borrower
    write(asked.address, "STOP")
    set_channel(borrower, "sms", enabled=True, now=NOON)
    assert write(asked.address, "STOP") == ""
    assert is_on(borrower, "sms")


# What is said in a call ----------------------------------------------------------------------------------------------


@pytest.fixture
def _twilio(settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_CALLBACK_BASE = TOKEN, BASE


def ask(view: str, reference: str, **form: str) -> ElementTree.Element:
    call = signed(f"{reverse(view)}?reference={reference}", CALL | form)
    answer = Client().generic(
        "POST", reverse(view), call.body, call.content_type, QUERY_STRING=f"reference={reference}", headers=call.headers
    )
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    apply_waiting(now=NOON)
    return ElementTree.fromstring(answer.content)


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_whoever_answers_hears_the_prompt_without_its_link_and_how_to_confirm_it() -> None:
    delivery = make_delivery(channel="voice", status=Status.SENT)
    reference = reference_of(delivery.pk)
    gather = ask("twilio_call_words", reference, CallStatus="in-progress", AnsweredBy="machine_start")[0]
    said = [str(say.text) for say in gather.findall("Say")]
    assert "Harbour Bank" in said[0]
    assert "http" not in said[0]
    assert said[1] == "Press 1 to confirm that you know about this."
    assert gather.get("action") == f"{BASE}{reverse('twilio_call_key')}?reference={reference}&answered_by=machine_start"
    assert gather.get("actionOnEmptyResult") == "true"
    assert Receipt.objects.get().provider_word == "in-progress machine_start"


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_a_prompt_that_was_taken_back_while_the_phone_rang_is_not_told() -> None:
    delivery = make_delivery(channel="voice", status=Status.SENT)
    Prompt.objects.update(status=Prompt.Status.CANCELLED)
    response = ask("twilio_call_words", reference_of(delivery.pk), CallStatus="in-progress")
    assert [element.tag for element in response] == ["Hangup"]


def call_is_over(delivery: Delivery) -> str:
    """Twilio says that a person had answered and the call is over; returns what the delivery is then."""
    assert make(signed(f"{reverse('twilio_call_report')}?reference={reference_of(delivery.pk)}", CALL)) == 200
    delivery.refresh_from_db()
    return delivery.status


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_a_call_that_ended_before_its_words_were_fetched_told_nobody() -> None:
    assert call_is_over(make_delivery(channel="voice", status=Status.SENT)) == Status.SENT


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_who_hangs_up_before_all_was_said_is_not_proved_to_be_told() -> None:
    delivery = make_delivery(channel="voice", status=Status.SENT)
    ask("twilio_call_words", reference_of(delivery.pk), CallStatus="in-progress")
    assert call_is_over(delivery) == Status.SENT


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
@pytest.mark.parametrize(
    ("answered_by", "status"), [("human", Status.DELIVERED), ("machine_start", Status.SENT), ("", Status.SENT)]
)
def test_who_answered_and_heard_it_all_was_told(answered_by: str, status: Status) -> None:
    delivery = make_delivery(channel="voice", status=Status.SENT)
    target = f"{reverse('twilio_call_key')}?reference={reference_of(delivery.pk)}&answered_by={answered_by}"
    assert make(signed(target, {"CallSid": CALL["CallSid"], "CallStatus": "in-progress"})) == 200
    delivery.refresh_from_db()
    assert delivery.status == status
    assert not Acknowledgement.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_a_call_that_was_over_at_the_end_of_its_words_told_nobody() -> None:
    delivery = make_delivery(channel="voice", status=Status.SENT)
    target = f"{reverse('twilio_call_key')}?reference={reference_of(delivery.pk)}&answered_by=human"
    assert make(signed(target, {"CallSid": CALL["CallSid"], "CallStatus": "completed", "Digits": ""})) == 200
    delivery.refresh_from_db()
    assert delivery.status == Status.SENT


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
@pytest.mark.parametrize(("digits", "said"), [("1", ["Thank you."]), ("2", [])])
def test_a_key_is_kept_and_only_the_right_one_is_thanked_for(digits: str, said: list[str]) -> None:
    delivery = make_delivery(channel="voice", status=Status.SENT)
    response = ask("twilio_call_key", reference_of(delivery.pk), Digits=digits)
    assert [say.text for say in response.findall("Say")] == said
    receipt = Receipt.objects.get()
    assert (receipt.kind, receipt.delivery_id, receipt.moved) == ("seen", delivery.pk, False)
    answers = Acknowledgement.objects.values_list("prompt", "method")
    assert list(answers) == ([(delivery.prompt_id, "voice")] if digits == "1" else [])


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
@pytest.mark.parametrize("reference", ["", "x", "0190c1de-0000-8000-8000-0123456789ab"])
def test_a_call_that_is_none_of_ours_hears_nothing(reference: str) -> None:
    assert [element.tag for element in ask("twilio_call_words", reference)] == ["Hangup"]
    assert [element.tag for element in ask("twilio_call_key", reference, Digits="1")] == ["Hangup"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
@pytest.mark.parametrize("view", ["twilio_call_words", "twilio_call_key"])
def test_nobody_but_twilio_is_told_anything(view: str) -> None:
    reference = reference_of(make_delivery(channel="voice", status=Status.SENT).pk)
    target = f"{reverse(view)}?reference={reference}"
    form = CALL | {"Digits": "1"}
    assert make(Call("POST", target, urlencode(form).encode())) == 403
    assert make(signed(target, form, token="another")) == 403
    assert make(Call("GET", target)) == 405
    assert not Receipt.objects.exists()
