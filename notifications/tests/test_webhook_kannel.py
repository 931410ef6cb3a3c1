from urllib.parse import urlencode

import pytest
from django.urls import reverse
from pytest_django import Settings

from notifications.models import Receipt
from notifications.tests.webhook_cases import Call, WebhookCases, make

TOKEN = "a-secret-token"


class TestKannel(WebhookCases):
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

    def replayed(self, reference: str) -> Call:
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
