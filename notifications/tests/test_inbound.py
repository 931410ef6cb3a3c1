import json
from urllib.parse import parse_qsl, urlencode

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
    [text] = read_kannel(b"from=%2B8613800139999&text=%90%00%8B%A2&charset=UTF-16BE&time=1795347530&id=7f-1")
    assert (text.senders, text.text, text.provider) == (("+8613800139999",), "退订", "kannel")
    assert when(text) == "2026-11-22T11:38:50+00:00"


def test_twilios_form_as_it_comes() -> None:
    [text] = read_twilio(
        parse(
            "ToCountry=US&ToState=&SmsMessageSid=SMfedcba9876543210fedcba9876543210&NumMedia=0&ToCity=&FromZip="
            "&SmsSid=SMfedcba9876543210fedcba9876543210&FromState=NY&SmsStatus=received&FromCity=&Body=Stop&FromCountry=US"
            "&To=%2B14155552345&ToZip=&NumSegments=1&MessageSid=SMfedcba9876543210fedcba9876543210"
            "&AccountSid=AC0123456789abcdef0123456789abcdef&From=%2B12125551234&ApiVersion=2010-04-01"
        )
    )
    assert (text.senders, text.text, text.provider) == (("+12125551234",), "Stop", "twilio")
    assert text.occurred_at is None


def test_alibaba_clouds_push_as_it_comes() -> None:
    raw = """[
      {"phone_number" : "13800139999", "content" : "1 4821", "send_time" : "2026-11-22 19:38:50",
       "dest_code" : "1234", "sequence_id" : "1234567890"},
      {"phone_number" : "18612345678", "send_time" : "20170901000000", "content" : "内容", "sign_name" : "签名",
       "dest_code" : "1234", "sequence_id" : 1234567891}
    ]""".encode()
    first, second = read_aliyun(raw)
    assert (first.senders[0], first.text, first.provider) == ("+8613800139999", "1 4821", "aliyun")
    assert when(first) == "2026-11-22T19:38:50+08:00"
    assert (second.text, when(second)) == ("内容", "2017-09-01T00:00:00+08:00")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("text=%C3%A9%E2%82%AC+stop++it%7B%7D&charset=UTF-8", "é€ stop  it{}"),
        ("text=%00S%00t%00o%00p%00+%00+%60+&charset=utf-16be", "Stop  \u6020"),
        ("text=%D8%3D%DE%00&charset=UTF-16BE", "\U0001f600"),
        ("text=%90%00%8B&charset=UTF-16BE", "\u9000\N{REPLACEMENT CHARACTER}"),
        ("text=caf%E9&charset=8-BIT", "caf\N{REPLACEMENT CHARACTER}"),
        ("text=%E9%80%80%E8%AE%A2", "退订"),
    ],
)
def test_kannels_texts_are_read_in_the_charset_that_it_names(query: str, text: str) -> None:
    assert read_kannel(f"from=%2B8613800139999&{query}".encode())[0].text == text


# What comes again ----------------------------------------------------------------------------------------------------

KANNELS = {"from": "+8613800139999", "text": "STOP", "time": "1795347530", "id": "7f-1"}
TWILIOS = {"From": "+12125551234", "Body": "STOP", "MessageSid": "SMfedcba9876543210fedcba9876543210"}
ALIYUNS = {"phone_number": "13800139999", "content": "退订", "send_time": "2026-11-22 19:38:50", "sequence_id": "1234"}


def kannels(**fields: str) -> str:
    return read_kannel(urlencode(KANNELS | fields).encode())[0].fingerprint


def twilios(**fields: str) -> str:
    return read_twilio(TWILIOS | fields)[0].fingerprint


def aliyuns(**fields: object) -> str:
    return read_aliyun(json.dumps([ALIYUNS | fields]).encode())[0].fingerprint


def test_a_message_that_comes_again_is_the_same() -> None:
    for fingerprint in (kannels, twilios, aliyuns):
        assert fingerprint() == fingerprint() != ""
    assert len({kannels(), twilios(), aliyuns()}) == 3


def test_the_same_words_under_another_id_are_another_message() -> None:
    assert kannels() != kannels(id="7f-2")
    assert twilios() != twilios(MessageSid="SM" + "0" * 32)
    assert aliyuns() != aliyuns(sequence_id="1235")


def test_where_there_is_no_id_the_time_tells_two_from_one() -> None:
    assert kannels(id="") == kannels(id="") != kannels(id="", time="1795347531")
    assert (
        aliyuns(sequence_id=None) == aliyuns(sequence_id=None) != aliyuns(sequence_id=None, send_time="20261122193851")
    )


def test_what_has_neither_id_nor_time_is_never_taken_for_a_repeat() -> None:
    assert kannels(id="", time="") == twilios(MessageSid="") == aliyuns(sequence_id=None, send_time=None) == ""


def test_an_id_that_is_the_same_for_all_takes_no_message_for_another() -> None:
    """Whoever configures Kannel with %i for %I sends the name of the message centre."""
    assert len({kannels(), kannels(text="START"), kannels(time="1795347531"), kannels(**{"from": "+85291234567"})}) == 4


@pytest.mark.parametrize("time", ["", "%T", "yesterday"])
def test_without_a_time_nothing_of_kannels_is_taken_for_a_repeat(time: str) -> None:
    """A second "stop", months after the first was taken back, would else be one that came again."""
    assert kannels(id="centre", time=time) == ""


# What is odd ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+8613800139999", ("+8613800139999",)),
        ("8613800139999", ("+8613800139999",)),
        ("008613800139999", ("+8613800139999",)),
        (" 8613800139999", ("+8613800139999",)),
        ("13800139999", ("+8613800139999", "+13800139999")),
        ("12125551234", ("+8612125551234", "+12125551234")),
        ("447911123456", ("+86447911123456", "+447911123456")),
        ("4915112345678", ("+4915112345678",)),
        ("+85291234567", ("+85291234567",)),
        ("whatsapp:+12125551234", ("+12125551234",)),
        ("95588", ()),
        ("Bank", ()),
        ("", ()),
    ],
)
def test_a_senders_number_is_read_as_what_it_can_be(written: str, read: tuple[str, ...]) -> None:
    [text] = read_twilio({"From": written, "Body": "x"})
    assert text.senders == read


@pytest.mark.parametrize("query", ["", "from=1", "text=x", "type=1&reference=x"])
def test_what_is_no_message_is_none(query: str) -> None:
    assert read_kannel(query.encode()) == []
    assert read_twilio(parse(query)) == []


@pytest.mark.parametrize("raw", [b"", b"{}", b"[7]", b'[{"phone_number": "13800139999"}]'])
def test_what_is_no_batch_of_messages_is_none(raw: bytes) -> None:
    assert read_aliyun(raw) == []


names = st.sampled_from(["from", "text", "time", "id", "charset", "From", "Body", "MessageSid"])


@given(st.dictionaries(names, st.text()))
def test_any_form_of_twilios_can_be_read_as_something(fields: dict[str, str]) -> None:
    for text in read_twilio(fields):
        assert "\x00" not in text.text


@given(st.binary() | st.dictionaries(names, st.binary()).map(lambda fields: urlencode(fields).encode()))
def test_any_call_of_kannels_can_be_read_as_something(query: bytes) -> None:
    for text in read_kannel(query):
        assert "\x00" not in text.text


values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers(), max_size=2)
keys = st.sampled_from(["phone_number", "content", "send_time", "sequence_id"])


@given(st.lists(st.dictionaries(keys, values), max_size=4))
def test_any_batch_can_be_read_as_something(batch: list[dict[str, object]]) -> None:
    assert len(read_aliyun(json.dumps(batch).encode())) == sum("content" in one for one in batch)
