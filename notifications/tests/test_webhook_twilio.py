import hashlib
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from pytest_django import Settings

from notifications.channels.twilio_signature import RETRIES
from notifications.evidence.case import read_case
from notifications.evidence.told_records import delivery_records
from notifications.models import Acknowledgement, Delivery, KeptWords, Prompt, Receipt
from notifications.rendering import find_wording
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.cases import hand_over
from notifications.tests.factories import make_delivery
from notifications.tests.twilio_cases import BASE, CALL, MESSAGE, TOKEN, TwilioCases, ask, signed
from notifications.tests.webhook_cases import Call, ReceiptCases, make


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


# What is said in a call ----------------------------------------------------------------------------------------------


@pytest.fixture
def _twilio(settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_CALLBACK_BASE = TOKEN, BASE


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_whoever_answers_hears_the_prompt_without_its_link_and_how_to_confirm_it() -> None:
    delivery = make_delivery(channel="voice", status=Status.SENT)
    reference = reference_of(delivery.pk)
    gather = ask("twilio_call_words", reference, CallStatus="in-progress", AnsweredBy="machine_start")[0]
    said = [str(say.text) for say in gather.findall("Say")]
    assert "Harbour Bank" in said[0]
    assert "http" not in said[0]
    assert said[0].endswith(" Press 1 to confirm that you have heard this.")
    assert said == [said[0]] * 2
    said_by = f"reference={reference}&answered_by=machine_start"
    assert gather.get("action") == f"{BASE}{reverse('twilio_call_key')}?{said_by}{RETRIES}"
    assert gather.get("actionOnEmptyResult") == "true"
    assert Receipt.objects.get().provider_word == "in-progress machine_start"


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_a_pack_shows_what_was_said_in_the_call_and_nothing_else() -> None:
    delivery = make_delivery(channel="voice", facts=None)
    hand_over(delivery)
    gather = ask("twilio_call_words", reference_of(delivery.pk), CallStatus="in-progress", AnsweredBy="human")[0]
    prompt = delivery.prompt
    [record] = delivery_records(read_case(prompt.borrower_id, installment_id=prompt.installment_id))
    assert record["message"] == {"as_sent": True, "subject": "", "text": gather.findall("Say")[0].text}


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_words_that_were_revised_while_the_phone_rang_are_said_as_they_are_on_record() -> None:
    wording = find_wording("upcoming", 3, "en")
    written = wording.written.replace("you have a message", "there is a message")
    version = f"upcoming/3/en@{hashlib.sha256(written.encode()).hexdigest()[:12]}"
    KeptWords.objects.create(version=version, words=written)
    delivery = make_delivery(channel="voice", status=Status.SENT, wording=version)
    gather = ask("twilio_call_words", reference_of(delivery.pk), CallStatus="in-progress")[0]
    assert "there is a message" in str(gather.findall("Say")[0].text)


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
    receipt, confirmed = Receipt.objects.get(), digits == "1"
    kind = "delivered" if confirmed else "seen"
    assert (receipt.kind, receipt.delivery_id, receipt.moved) == (kind, delivery.pk, confirmed)
    answers = Acknowledgement.objects.values_list("prompt", "method")
    assert list(answers) == ([(delivery.prompt_id, "voice")] if confirmed else [])


@pytest.mark.django_db
@pytest.mark.usefixtures("_twilio")
def test_a_key_confirms_that_a_prior_notice_was_heard_and_not_that_it_was_read() -> None:
    delivery = make_delivery(channel="voice", status=Status.SENT)
    Prompt.objects.update(kind="prior_notice")
    response = ask("twilio_call_key", reference_of(delivery.pk), Digits="1")
    assert [say.text for say in response.findall("Say")] == ["Thank you."]
    delivery.refresh_from_db()
    assert (delivery.status, Acknowledgement.objects.exists()) == (Status.DELIVERED, False)


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
