"""What borrowers write back by Twilio: the door, and genuine calls through it."""

import xml.etree.ElementTree as ElementTree

import pytest
from django.urls import reverse
from pytest_django import Settings

from notifications.models import Acknowledgement, AgentTask, Callback, Delivery, InboundText
from notifications.preferences import is_on, set_channel
from notifications.signatures import reference_of, reply_code
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.twilio_cases import BASE, MESSAGE, TEXT, TOKEN, TwilioCases, signed
from notifications.tests.webhook_cases import Call, Why, answered, delivery_named


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

    @pytest.mark.parametrize("sender", ["", " ", "whatsapp:"])
    def test_a_text_of_nobody_is_refused(self, sender: str) -> None:
        empty = signed(self.target("x"), self.form | {"From": sender, "Body": ""})
        self.assert_refused(empty, 400, why=Why.UNREADABLE)


# What somebody writes ------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(settings: Settings) -> Delivery:
    """An SMS that asks for "I know", handed over."""
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_CALLBACK_BASE = TOKEN, BASE
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
def test_an_empty_text_by_twilio_is_answered_with_nothing_and_not_kept(asked: Delivery) -> None:
    assert write(asked.address, " ") == ""
    assert (InboundText.objects.count(), Callback.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_picture_without_a_word_goes_to_a_person(asked: Delivery) -> None:
    picture = TEXT | {"From": asked.address, "Body": "", "NumMedia": "1"}
    assert answered(signed(reverse("twilio_text"), picture)).status_code == 200
    assert AgentTask.objects.get().borrower == asked.prompt.borrower


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
