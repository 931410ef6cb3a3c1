import json

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from notifications.models import Delivery, Receipt
from notifications.signatures import reference_of, reply_code
from notifications.states import Status
from notifications.tests.factories import make_delivery
from notifications.tests.webhook_cases import Call, DoorCases, ReceiptCases, delivery_named, make

TOKEN = "a-secret-token"


def report(reference: str, *, success: bool = True, code: str = "DELIVERED") -> dict[str, object]:
    return {
        "phone_number": "13800139999", "send_time": "2026-11-22 11:38:40", "report_time": "2026-11-22 11:38:50",
        "success": success, "err_code": code, "err_msg": "用户接收成功", "sms_size": "1",
        "biz_id": "496112870375361879^0", "out_id": reference,
    }  # fmt: skip


class TestAliyun(ReceiptCases):
    door = "aliyun_report"
    channel = "sms"
    provider = "aliyun"
    signs_body = False

    @pytest.fixture(autouse=True)
    def _secrets(self, settings: Settings) -> None:
        self.settings = settings
        settings.ALIYUN_CALLBACK_TOKEN, settings.SMS_CALLBACK_TOKEN = TOKEN, "kannels"

    def call(self, body: bytes, token: str = TOKEN) -> Call:
        return Call("POST", reverse("aliyun_report", args=[token]), body, "application/json")

    def genuine(self, reference: str) -> Call:
        return self.call(json.dumps([report(reference)]).encode())

    def unsigned(self, reference: str) -> Call:
        return self.call(json.dumps([report(reference)]).encode(), "-")

    def wrongly_signed(self, reference: str) -> Call:
        return self.call(json.dumps([report(reference)]).encode(), "a-secret-tokem")

    def signed_for_elsewhere(self, reference: str) -> Call:
        return self.call(json.dumps([report(reference)]).encode(), "kannels")

    def malformed(self) -> Call:
        return self.call(b'{"out_id": 1}')

    def oversized(self, reference: str) -> Call:
        return self.call(json.dumps([report(reference)]).encode() + b" " * 1_000_000)

    def take_away_the_secret(self) -> None:
        self.settings.ALIYUN_CALLBACK_TOKEN = ""

    def test_a_push_is_answered_as_it_asks_to_be(self) -> None:
        answer = Client().post(reverse("aliyun_report", args=[TOKEN]), json.dumps([]), content_type="application/json")
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "ok"})

    def test_each_report_of_a_push_moves_its_own_delivery(self) -> None:
        first, second = (make_delivery(channel="sms", status=Status.SENT) for _ in range(2))
        reports = [
            report(reference_of(first.pk)),
            report(reference_of(second.pk), success=False, code="MOBILE_NOT_ON_SERVICE"),
            report("", success=True),
        ]
        assert make(self.call(json.dumps(reports).encode())) == 200
        assert dict(Delivery.objects.values_list("pk", "status")) == {
            first.pk: Status.DELIVERED, second.pk: Status.FAILED,
        }  # fmt: skip
        assert Receipt.objects.count() == 3


class TestAliyunTexts(DoorCases):
    """Somebody writes the code of a message to them."""

    door = "aliyun_texts"
    channel = "sms"
    provider = "aliyun_in"
    signs_body = False

    @pytest.fixture(autouse=True)
    def _secrets(self, settings: Settings) -> None:
        self.settings = settings
        settings.ALIYUN_CALLBACK_TOKEN, settings.SMS_CALLBACK_TOKEN = TOKEN, "kannels"

    def call(self, reference: str, token: str = TOKEN, text: str = "", padding: int = 0) -> Call:
        told = delivery_named(reference)
        written = {
            "phone_number": told.address.removeprefix("+"), "content": text or reply_code(told.pk),
            "send_time": "2026-11-22 19:38:50", "dest_code": "1234", "sequence_id": "1234567890",
        }  # fmt: skip
        body = json.dumps([written]).encode() + b" " * padding
        return Call("POST", reverse("aliyun_texts", args=[token]), body, "application/json")

    def genuine(self, reference: str) -> Call:
        return self.call(reference)

    def unsigned(self, reference: str) -> Call:
        return self.call(reference, "-")

    def wrongly_signed(self, reference: str) -> Call:
        return self.call(reference, "a-secret-tokem")

    def signed_for_elsewhere(self, reference: str) -> Call:
        return self.call(reference, "kannels")

    def altered(self, reference: str, other: str) -> Call:
        told = Delivery.objects.get()
        return self.call(reference_of(told.pk), text=f"{(int(reply_code(told.pk)) + 1) % 10_000:04d}")

    def malformed(self) -> Call:
        return Call("POST", reverse("aliyun_texts", args=[TOKEN]), b'[{"phone_number": 1}]', "application/json")

    def oversized(self, reference: str) -> Call:
        return self.call(reference, padding=1_000_000)

    def take_away_the_secret(self) -> None:
        self.settings.ALIYUN_CALLBACK_TOKEN = ""
