import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.inbound import InboundText, read_aliyun, read_kannel, read_twilio


def parse(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def when(text: InboundText) -> str:
    return text.occurred_at.isoformat() if text.occurred_at else ""


# As they come --------------------------------------------------------------------------------------------------------


def test_kannels_query_as_it_comes() -> None:
    [text] = read_kannel(parse("from=%2B8613800139999&text=%E9%80%80%E8%AE%A2&time=1795347530&id=7f-1"))
    assert (text.sender_e164, text.text, text.provider) == ("+8613800139999", "退订", "kannel")
    assert (when(text), text.provider_reference) == ("2026-11-22T11:38:50+00:00", "7f-1")


def test_twilios_form_as_it_comes() -> None:
    [text] = read_twilio(
        parse(
            "ToCountry=US&ToState=&SmsMessageSid=SMfedcba9876543210fedcba9876543210&NumMedia=0&ToCity=&FromZip="
            "&SmsSid=SMfedcba9876543210fedcba9876543210&FromState=NY&SmsStatus=received&FromCity=&Body=Stop&FromCountry=US"
            "&To=%2B14155552345&ToZip=&NumSegments=1&MessageSid=SMfedcba9876543210fedcba9876543210"
            "&AccountSid=AC0123456789abcdef0123456789abcdef&From=%2B12125551234&ApiVersion=2010-04-01"
        )
    )
    assert (text.sender_e164, text.text, text.provider) == ("+12125551234", "Stop", "twilio")
    assert (text.occurred_at, text.provider_reference) == (None, "SMfedcba9876543210fedcba9876543210")


def test_alibaba_clouds_push_as_it_comes() -> None:
    raw = """[
      {"phone_number" : "13800139999", "content" : "1 4821", "send_time" : "2026-11-22 19:38:50",
       "dest_code" : "1234", "sequence_id" : "1234567890"},
      {"phone_number" : "18612345678", "send_time" : "20170901000000", "content" : "内容", "sign_name" : "签名",
       "dest_code" : "1234", "sequence_id" : 1234567891}
    ]""".encode()
    first, second = read_aliyun(raw)
    assert (first.sender_e164, first.text, first.provider) == ("+8613800139999", "1 4821", "aliyun")
    assert (when(first), first.provider_reference) == ("2026-11-22T19:38:50+08:00", "1234567890")
    assert (second.text, when(second), second.provider_reference) == ("内容", "2017-09-01T00:00:00+08:00", "1234567891")


# What is odd ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+8613800139999", "+8613800139999"),
        ("8613800139999", "+8613800139999"),
        ("008613800139999", "+8613800139999"),
        ("13800139999", "+8613800139999"),
        (" 8613800139999", "+8613800139999"),
        ("+85291234567", "+85291234567"),
        ("whatsapp:+12125551234", "+12125551234"),
        ("95588", ""),
        ("Bank", ""),
        ("", ""),
    ],
)
def test_a_senders_number_is_written_in_one_way_or_not_at_all(written: str, read: str) -> None:
    [text] = read_twilio({"From": written, "Body": "x"})
    assert text.sender_e164 == read


@pytest.mark.parametrize("query", ["", "from=1", "text=x", "type=1&reference=x"])
def test_what_is_no_message_is_none(query: str) -> None:
    assert read_kannel(parse(query)) == []
    assert read_twilio(parse(query)) == []


@pytest.mark.parametrize("raw", [b"", b"{}", b"[7]", b'[{"phone_number": "13800139999"}]'])
def test_what_is_no_batch_of_messages_is_none(raw: bytes) -> None:
    assert read_aliyun(raw) == []


names = st.sampled_from(["from", "text", "time", "id", "From", "Body", "MessageSid"])


@given(st.dictionaries(names, st.text()))
def test_any_query_or_form_can_be_read_as_something(fields: dict[str, str]) -> None:
    for text in read_kannel(fields) + read_twilio(fields):
        assert "\x00" not in text.text + text.provider_reference


values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers(), max_size=2)
keys = st.sampled_from(["phone_number", "content", "send_time", "sequence_id"])


@given(st.lists(st.dictionaries(keys, values), max_size=4))
def test_any_batch_can_be_read_as_something(batch: list[dict[str, object]]) -> None:
    assert len(read_aliyun(json.dumps(batch).encode())) == sum("content" in one for one in batch)
