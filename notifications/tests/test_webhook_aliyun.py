import json

from django.test import Client
from django.urls import reverse

from notifications.models import Callback, Delivery, InboundText, Receipt
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import make_delivery
from notifications.tests.secret_doors import TOKEN, SecretInAddress, TextCases
from notifications.tests.webhook_cases import Call, ReceiptCases, make


def report(reference: str, *, success: bool = True, code: str = "DELIVERED") -> dict[str, object]:
    return {
        "phone_number": "13800139999", "send_time": "2026-11-22 11:38:40", "report_time": "2026-11-22 11:38:50",
        "success": success, "err_code": code, "err_msg": "用户接收成功", "sms_size": "1",
        "biz_id": "496112870375361879^0", "out_id": reference,
    }  # fmt: skip


def push(reports: object, token: str = TOKEN, padding: int = 0) -> Call:
    body = json.dumps(reports).encode() + b" " * padding
    return Call("POST", reverse("aliyun_report", args=[token]), body, "application/json")


class TestAliyun(SecretInAddress, ReceiptCases):
    door = "aliyun_report"
    channel = "sms"
    provider = "aliyun"
    setting = "ALIYUN_CALLBACK_TOKEN"
    elsewhere = ("SMS_CALLBACK_TOKEN", "kannels")

    def call(self, reference: str, token: str = TOKEN) -> Call:
        return push([report(reference)], token)

    def malformed(self) -> Call:
        return push({"out_id": 1})

    def oversized(self, reference: str) -> Call:
        return push([report(reference)], padding=1_000_000)

    def test_a_push_is_answered_as_it_asks_to_be(self) -> None:
        answer = Client().post(reverse("aliyun_report", args=[TOKEN]), json.dumps([]), content_type="application/json")
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "ok"})
        assert not Callback.objects.exists()

    def test_each_report_of_a_push_moves_its_own_delivery(self) -> None:
        first, second = (make_delivery(channel="sms", status=Status.SENT) for _ in range(2))
        reports = [
            report(reference_of(first.pk)),
            report(reference_of(second.pk), success=False, code="MOBILE_NOT_ON_SERVICE"),
            report("", success=True),
        ]
        assert make(push(reports)) == 200
        assert dict(Delivery.objects.values_list("pk", "status")) == {
            first.pk: Status.DELIVERED, second.pk: Status.FAILED,
        }  # fmt: skip
        assert Receipt.objects.count() == 3


class TestAliyunTexts(TextCases):
    door = "aliyun_texts"
    provider = "aliyun_in"
    setting = "ALIYUN_CALLBACK_TOKEN"
    elsewhere = ("SMS_CALLBACK_TOKEN", "kannels")

    def written(self, token: str, sender: str, text: str, padding: int) -> Call:
        said = {
            "phone_number": sender.removeprefix("+"), "content": text,
            "send_time": "2026-11-22 19:38:50", "dest_code": "1234", "sequence_id": "1234567890",
        }  # fmt: skip
        body = json.dumps([said]).encode() + b" " * padding
        return Call("POST", reverse("aliyun_texts", args=[token]), body, "application/json")

    def malformed(self) -> Call:
        return Call("POST", reverse("aliyun_texts", args=[TOKEN]), b'[{"phone_number": 1}]', "application/json")

    def test_an_empty_push_is_answered_and_nothing_is_kept(self) -> None:
        assert make(Call("POST", reverse("aliyun_texts", args=[TOKEN]), b"[]", "application/json")) == 200
        assert not Callback.objects.exists()

    def test_an_empty_text_keeps_no_other_of_its_push_away(self) -> None:
        said = [{"phone_number": "13800139999", "content": text, "sequence_id": text} for text in ("", "退订")]
        body = json.dumps(said).encode()
        assert make(Call("POST", reverse("aliyun_texts", args=[TOKEN]), body, "application/json")) == 200
        assert InboundText.objects.get().callback.provider == "aliyun_in"
