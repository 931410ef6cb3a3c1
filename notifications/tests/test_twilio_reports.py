from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from notifications.channels.base import ReceiptKind
from notifications.channels.raw_request import join, split
from notifications.channels.twilio_reports import parse_status
from notifications.channels.twilio_signature import is_genuine, sign

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"
QUERY = f"reference={REFERENCE}"
MESSAGE = "SM" + "fedcba9876543210" * 2

DELIVERED = (
    b"SmsSid=SMfedcba9876543210fedcba9876543210&SmsStatus=delivered&MessageStatus=delivered&To=%2B15558675310"
    b"&MessageSid=SMfedcba9876543210fedcba9876543210&AccountSid=AC0123456789abcdef0123456789abcdef"
    b"&From=%2B14155552345&ApiVersion=2010-04-01"
)
"""A callback as it comes."""


def callback(status: str, code: str = "", query: str = QUERY) -> bytes:
    form = {"MessageSid": MESSAGE, "MessageStatus": status} | ({"ErrorCode": code} if code else {})
    return join(query, urlencode(form).encode())


def twilios(token: str) -> Any:
    """Twilio's own library."""
    return RequestValidator(token)  # type: ignore[no-untyped-call]


# Reports -------------------------------------------------------------------------------------------------------------


def test_a_callback_as_it_comes_is_a_receipt_for_our_reference() -> None:
    [receipt] = parse_status(join(QUERY, DELIVERED))
    assert (receipt.reference, receipt.kind, receipt.provider_reference) == (
        REFERENCE, ReceiptKind.DELIVERED, MESSAGE,
    )  # fmt: skip
    assert (receipt.provider_word, receipt.reason, receipt.permanent) == ("delivered", "delivered to the phone", None)


@pytest.mark.parametrize(
    ("status", "code", "kind", "permanent", "word"),
    [
        ("queued", "", ReceiptKind.DELAYED, None, "queued"),
        ("sending", "", ReceiptKind.DELAYED, None, "sending"),
        ("sent", "", ReceiptKind.ACCEPTED, None, "sent"),
        ("delivered", "", ReceiptKind.DELIVERED, None, "delivered"),
        ("read", "", ReceiptKind.SEEN, None, "read"),
        ("undelivered", "30003", ReceiptKind.FAILED, False, "undelivered 30003"),
        ("undelivered", "30005", ReceiptKind.FAILED, True, "undelivered 30005"),
        ("undelivered", "30006", ReceiptKind.FAILED, False, "undelivered 30006"),
        ("undelivered", "30007", ReceiptKind.FAILED, False, "undelivered 30007"),
        ("undelivered", "30008", ReceiptKind.FAILED, None, "undelivered 30008"),
        ("failed", "39999", ReceiptKind.FAILED, None, "failed 39999"),
        ("failed", "", ReceiptKind.FAILED, None, "failed"),
        ("canceled", "", ReceiptKind.FAILED, None, "canceled"),
        ("partially_delivered", "", ReceiptKind.UNKNOWN, None, "partially_delivered"),
        ("received", "", ReceiptKind.UNKNOWN, None, "received"),
        ("", "", ReceiptKind.UNKNOWN, None, "?"),
    ],
)
def test_each_status_is_put_into_our_words(
    status: str, code: str, kind: ReceiptKind, permanent: bool | None, word: str
) -> None:
    [receipt] = parse_status(callback(status, code))
    assert (receipt.kind, receipt.permanent, receipt.provider_word) == (kind, permanent, word)


@pytest.mark.parametrize("query", ["", "reference=", "reference=42", f"reference={REFERENCE}0", f"other={REFERENCE}"])
def test_a_callback_without_our_reference_proves_nothing(query: str) -> None:
    [receipt] = parse_status(callback("delivered", query=query))
    assert (receipt.kind, receipt.reference) == (ReceiptKind.UNKNOWN, "")


def test_nothing_personal_is_passed_on() -> None:
    form = urlencode({"MessageStatus": "Li Hua", "MessageSid": "+8613800139999", "ErrorCode": "Li", "To": "+86138"})
    [receipt] = parse_status(join(QUERY, form.encode()))
    assert "Li" not in repr(receipt)
    assert "138" not in repr(receipt)


@given(st.binary())
def test_anything_can_be_read_as_something(raw: bytes) -> None:
    assert len(parse_status(raw)) == 1


@given(st.text(), st.binary())
def test_a_request_in_one_piece_gives_its_body_back_as_it_came(line: str, body: bytes) -> None:
    assert split(join(line, body))[1] == body


# Signatures ----------------------------------------------------------------------------------------------------------


def test_the_signature_is_that_of_twilios_own_example() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
        "To": "+18005551212",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign(url, form.items(), "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


names = st.text(min_size=1, max_size=10)
forms = st.lists(st.tuples(names, st.text(max_size=20)), max_size=6)
bases = st.sampled_from(
    ["https://portal.example", "http://portal.example", "https://portal.example:8443", "http://127.0.0.1:8000"]
)


def as_twilio_has_it(form: list[tuple[str, str]]) -> dict[str, str]:
    """Twilio's library takes one value a name where it is given a dict."""
    return dict(form)


@given(bases, forms, st.text(min_size=1, max_size=20))
def test_we_take_what_twilios_library_takes_and_it_takes_what_we_sign(
    base: str, form: list[tuple[str, str]], token: str
) -> None:
    url, fields = f"{base}/webhooks/twilio/message/?{QUERY}", as_twilio_has_it(form)
    theirs = twilios(token).compute_signature(url, fields)
    assert sign(url, fields.items(), token) == theirs
    assert is_genuine(theirs, [url], fields.items(), token)
    assert twilios(token).validate(url, fields, sign(url, fields.items(), token))


@pytest.mark.parametrize("signed", ["https://portal.example:443/x?a=1", "https://portal.example/x?a=1"])
def test_with_the_usual_port_or_without_it_is_the_same_address(signed: str) -> None:
    signature = twilios("token").compute_signature(signed, {"a": "b"})
    assert is_genuine(signature, ["https://portal.example/x?a=1"], [("a", "b")], "token")
    assert is_genuine(signature, ["https://portal.example:443/x?a=1"], [("a", "b")], "token")


@pytest.mark.parametrize(
    ("url", "form", "token"),
    [
        ("https://portal.example/other?a=1", [("a", "b")], "token"),
        ("https://portal.example/x?a=2", [("a", "b")], "token"),
        ("https://portal.example/x?a=1", [("a", "c")], "token"),
        ("https://portal.example/x?a=1", [("a", "b"), ("c", "")], "token"),
        ("https://portal.example/x?a=1", [], "token"),
        ("https://portal.example/x?a=1", [("a", "b")], "another"),
        ("https://portal.example/x?a=1", [("a", "b")], ""),
        ("http://portal.example/x?a=1", [("a", "b")], "token"),
    ],
)
def test_whatever_differs_from_what_was_signed_is_not_genuine(
    url: str, form: list[tuple[str, str]], token: str
) -> None:
    signature = sign("https://portal.example/x?a=1", [("a", "b")], "token")
    assert not is_genuine(signature, [url], form, token)


@given(st.text())
def test_no_text_is_a_signature_by_chance_and_none_breaks_the_check(signature: str) -> None:
    assert not is_genuine(signature, ["https://portal.example/"], parse_qsl(DELIVERED.decode()), "token")
