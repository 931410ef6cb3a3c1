from urllib.parse import urlencode

import pytest
from django.urls import reverse

from notifications.models import Receipt
from notifications.tests.secret_doors import TOKEN, SecretInAddress, TextCases
from notifications.tests.webhook_cases import NOBODYS, Call, ReceiptCases, Why, make


class TestKannel(SecretInAddress, ReceiptCases):
    door = "kannel_report"
    channel = "sms"
    provider = "kannel"
    wrong_method = "POST"
    setting = "SMS_CALLBACK_TOKEN"
    elsewhere = ("ALIYUN_CALLBACK_TOKEN", "alibaba clouds")

    def call(self, reference: str, token: str = TOKEN, **query: str) -> Call:
        told = {"type": "1", "answer": "id:7 stat:DELIVRD err:000", "time": "1795347530"} | query
        return Call("GET", f"{reverse('kannel_report', args=[token])}?{urlencode({'reference': reference} | told)}")

    def altered(self, reference: str, other: str) -> Call:
        call = self.genuine(reference)
        return Call(call.method, call.target.replace(reference, other))

    def malformed(self) -> Call:
        return Call("GET", f"{reverse('kannel_report', args=[TOKEN])}?%ff%00=&&&=1")

    def oversized(self, reference: str) -> Call:
        return self.call(reference, answer="a" * 5000)

    def test_a_type_that_nobody_knows_is_kept_as_unknown(self) -> None:
        assert make(self.call(NOBODYS, type="32")) == 200
        assert Receipt.objects.get().kind == Receipt.Kind.UNKNOWN

    @pytest.mark.parametrize("kind", ["", "\x00", "\xff", "delivered", "١"])
    def test_a_report_without_a_type_is_refused(self, kind: str) -> None:
        self.assert_refused(self.call(NOBODYS, type=kind), 400, why=Why.UNREADABLE)

    @pytest.mark.parametrize("reference", ["", "\x00", "%R"])
    def test_a_report_without_a_reference_is_refused(self, reference: str) -> None:
        self.assert_refused(self.call(reference), 400, why=Why.UNREADABLE)


class TestKannelTexts(TextCases):
    door = "kannel_text"
    provider = "kannel_in"
    wrong_method = "POST"
    setting = "SMS_CALLBACK_TOKEN"
    elsewhere = ("ALIYUN_CALLBACK_TOKEN", "alibaba clouds")

    def written(self, token: str, sender: str, text: str, padding: int) -> Call:
        query = urlencode({"from": sender, "text": text + "a" * padding, "time": "1795347530", "id": "7f-1"})
        return Call("GET", f"{reverse('kannel_text', args=[token])}?{query}")

    def malformed(self) -> Call:
        return Call("GET", f"{reverse('kannel_text', args=[TOKEN])}?%ff%00=&&&=1")
