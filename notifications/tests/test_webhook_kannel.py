from urllib.parse import urlencode

import pytest
from django.urls import reverse
from pytest_django import Settings

from notifications.models import Delivery, Receipt
from notifications.signatures import reference_of, reply_code
from notifications.tests.webhook_cases import Call, DoorCases, ReceiptCases, delivery_named, make

TOKEN = "a-secret-token"


class TestKannel(ReceiptCases):
    door = "kannel_report"
    channel = "sms"
    provider = "kannel"
    signs_body = False
    wrong_method = "POST"

    @pytest.fixture(autouse=True)
    def _secrets(self, settings: Settings) -> None:
        self.settings = settings
        settings.SMS_CALLBACK_TOKEN, settings.ALIYUN_CALLBACK_TOKEN = TOKEN, "alibaba clouds"

    def call(self, token: str = TOKEN, **query: str) -> Call:
        return Call("GET", f"{reverse('kannel_report', args=[token])}?{urlencode(query)}")

    def genuine(self, reference: str) -> Call:
        return self.call(reference=reference, type="1", answer="id:7 stat:DELIVRD err:000", time="1795347530")

    def unsigned(self, reference: str) -> Call:
        return self.call("-", reference=reference, type="1")

    def wrongly_signed(self, reference: str) -> Call:
        return self.call("a-secret-tokem", reference=reference, type="1")

    def signed_for_elsewhere(self, reference: str) -> Call:
        return self.call("alibaba clouds", reference=reference, type="1")

    def altered(self, reference: str, other: str) -> Call:
        call = self.genuine(reference)
        return Call(call.method, call.target.replace(reference, other))

    def malformed(self) -> Call:
        return Call("GET", f"{reverse('kannel_report', args=[TOKEN])}?%ff%00=&&&=1")

    def oversized(self, reference: str) -> Call:
        return self.call(reference=reference, type="1", answer="a" * 5000)

    def take_away_the_secret(self) -> None:
        self.settings.SMS_CALLBACK_TOKEN = ""

    def test_values_that_nobody_knows_are_kept_as_unknown(self) -> None:
        assert make(self.call(reference="\x00", type="\xff77")) == 200
        assert Receipt.objects.get().kind == Receipt.Kind.UNKNOWN


class TestKannelTexts(DoorCases):
    """Somebody writes the code of a message to them."""

    door = "kannel_text"
    channel = "sms"
    provider = "kannel_in"
    signs_body = False
    wrong_method = "POST"

    @pytest.fixture(autouse=True)
    def _secrets(self, settings: Settings) -> None:
        self.settings = settings
        settings.SMS_CALLBACK_TOKEN, settings.ALIYUN_CALLBACK_TOKEN = TOKEN, "alibaba clouds"

    def call(self, reference: str, token: str = TOKEN, text: str = "") -> Call:
        told = delivery_named(reference)
        written = {"from": told.address, "text": text or reply_code(told.pk), "time": "1795347530", "id": "7f-1"}
        return Call("GET", f"{reverse('kannel_text', args=[token])}?{urlencode(written)}")

    def genuine(self, reference: str) -> Call:
        return self.call(reference)

    def unsigned(self, reference: str) -> Call:
        return self.call(reference, "-")

    def wrongly_signed(self, reference: str) -> Call:
        return self.call(reference, "a-secret-tokem")

    def signed_for_elsewhere(self, reference: str) -> Call:
        return self.call(reference, "alibaba clouds")

    def altered(self, reference: str, other: str) -> Call:
        told = Delivery.objects.get()
        return self.call(reference_of(told.pk), text=f"{(int(reply_code(told.pk)) + 1) % 10_000:04d}")

    def malformed(self) -> Call:
        return Call("GET", f"{reverse('kannel_text', args=[TOKEN])}?%ff%00=&&&=1")

    def oversized(self, reference: str) -> Call:
        return self.call(reference, text="a" * 9_000)

    def take_away_the_secret(self) -> None:
        self.settings.SMS_CALLBACK_TOKEN = ""
