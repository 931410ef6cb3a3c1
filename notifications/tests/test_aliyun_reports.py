import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.aliyun_reports import parse_reports, read_batch
from notifications.channels.base import ReceiptKind

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"

PUSH = """[
  {
    "phone_number" : "13800139999",
    "send_time" : "2026-11-22 11:38:40",
    "report_time" : "2026-11-22 11:38:50",
    "success" : true,
    "err_code" : "DELIVERED",
    "err_msg" : "用户接收成功",
    "sms_size" : "1",
    "biz_id" : "496112870375361879^0",
    "out_id" : "0190c1de-0000-8000-8000-0123456789ab"
  },
  {
    "phone_number" : "13800139998",
    "send_time" : "2026-11-22 11:38:40",
    "report_time" : "2026-11-22 11:39:50",
    "success" : false,
    "err_code" : "MOBILE_IN_BLACK",
    "err_msg" : "手机号在黑名单",
    "sms_size" : "1",
    "biz_id" : "496112870375361880^0",
    "out_id" : "0190c1de-0001-8000-8000-0123456789ab"
  }
]""".encode()
"""A push as it comes."""


def push(**fields: object) -> bytes:
    usual = {"out_id": REFERENCE, "success": False, "err_code": "UNKNOWN", "biz_id": "1^0"}
    return json.dumps([usual | fields]).encode()


def test_a_push_as_it_comes_is_a_receipt_for_each_of_its_messages() -> None:
    delivered, failed = parse_reports(PUSH)
    assert (delivered.reference, delivered.kind) == (REFERENCE, ReceiptKind.DELIVERED)
    assert (delivered.provider_word, delivered.provider_reference) == ("DELIVERED", "496112870375361879^0")
    assert delivered.occurred_at is not None
    assert delivered.occurred_at.isoformat() == "2026-11-22T11:38:50+08:00"
    assert (failed.kind, failed.permanent, failed.provider_word) == (ReceiptKind.FAILED, False, "MOBILE_IN_BLACK")
    assert failed.reason.startswith("on a list of numbers to be left alone")


@pytest.mark.parametrize(
    ("success", "code", "kind", "permanent", "word"),
    [
        (True, "DELIVERED", ReceiptKind.DELIVERED, None, "DELIVERED"),
        (True, "OK:0", ReceiptKind.DELIVERED, None, "OK:0"),
        (False, "MOBILE_NOT_ON_SERVICE", ReceiptKind.FAILED, None, "MOBILE_NOT_ON_SERVICE"),
        (False, "isv.MOBILE_NUMBER_ILLEGAL", ReceiptKind.FAILED, True, "isv.MOBILE_NUMBER_ILLEGAL"),
        (False, "MK:0001", ReceiptKind.FAILED, None, "MK:0001"),
        (False, "13800139999", ReceiptKind.FAILED, None, "?"),
        (False, "a13800139999", ReceiptKind.FAILED, None, "?"),
        (False, "REQUEST_SUCCESS", ReceiptKind.ACCEPTED, None, "REQUEST_SUCCESS"),
        ("true", "DELIVERED", ReceiptKind.UNKNOWN, None, "DELIVERED"),
        (None, "", ReceiptKind.UNKNOWN, None, "?"),
    ],
)
def test_each_report_is_put_into_our_words(
    success: object, code: str, kind: ReceiptKind, permanent: bool | None, word: str
) -> None:
    [receipt] = parse_reports(push(success=success, err_code=code))
    assert (receipt.kind, receipt.permanent, receipt.provider_word) == (kind, permanent, word)


@pytest.mark.parametrize("reference", ["", "42", None, f"{REFERENCE}0", {"a": 1}])
def test_a_report_without_our_reference_proves_nothing(reference: object) -> None:
    [receipt] = parse_reports(push(success=True, out_id=reference))
    assert (receipt.kind, receipt.reference) == (ReceiptKind.UNKNOWN, "")


def test_nothing_personal_is_passed_on() -> None:
    [receipt] = parse_reports(push(phone_number="13800139999", err_msg="Li Hua", biz_id="Li Hua", err_code="Li Hua"))
    assert "Li" not in repr(receipt)
    assert "138" not in repr(receipt)


@pytest.mark.parametrize(
    ("time", "read"),
    [("20261122113850", "2026-11-22T11:38:50+08:00"), ("yesterday", "None"), (7, "None"), (None, "None")],
)
def test_times_are_chinas(time: object, read: str) -> None:
    [receipt] = parse_reports(push(report_time=time))
    assert (receipt.occurred_at.isoformat() if receipt.occurred_at else "None") == read


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"null", b'[{"a":1},7]', b"\xff", b"[" * 100_000, json.dumps([{}] * 1001).encode()]
)
def test_what_is_no_batch_of_reports_is_none(raw: bytes) -> None:
    assert read_batch(raw) is None
    assert [receipt.kind for receipt in parse_reports(raw)] == [ReceiptKind.UNKNOWN]


@pytest.mark.parametrize("odd", [r'"cut within \ud83d"', "1" + "0" * 400, "NaN"])
def test_one_report_with_something_odd_does_not_cost_the_others_of_its_push(odd: str) -> None:
    raw = PUSH.replace('"用户接收成功"'.encode(), odd.encode())
    assert raw != PUSH
    assert [receipt.kind for receipt in parse_reports(raw)] == [ReceiptKind.DELIVERED, ReceiptKind.FAILED]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
fields = st.sampled_from(["out_id", "success", "err_code", "biz_id", "report_time"])


@given(st.lists(st.dictionaries(fields, values), max_size=4))
def test_any_batch_can_be_read_as_something(batch: list[dict[str, object]]) -> None:
    assert len(parse_reports(json.dumps(batch).encode())) == len(batch)
