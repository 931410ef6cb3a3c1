"""What every door of Twilio's must hold, and calls signed as Twilio signs them, by its own client."""

import xml.etree.ElementTree as ElementTree
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from notifications.channels.twilio_signature import RETRIES
from notifications.models import Callback, Delivery, RefusedCalls
from notifications.receipts import apply_waiting
from notifications.signatures import reference_of
from notifications.tests.factories import NOON
from notifications.tests.webhook_cases import NOBODYS, Call, DoorCases, make

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


def ask(view: str, reference: str, *, at: datetime = NOON, **form: str) -> ElementTree.Element:
    """What Twilio is told to say or do in this call of ours; what it reported has been read then."""
    call = signed(f"{reverse(view)}?reference={reference}", CALL | form)
    query = f"reference={reference}"
    with time_machine.travel(at, tick=False):
        said = Client().generic(
            "POST", reverse(view), call.body, call.content_type, QUERY_STRING=query, headers=call.headers
        )
    assert (said.status_code, said["Content-Type"]) == (200, "application/xml")
    apply_waiting(now=at)
    return ElementTree.fromstring(said.content)


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
