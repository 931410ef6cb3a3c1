import json
from datetime import UTC, datetime

import pytest
from anymail.signals import AnymailTrackingEvent, EventType
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.base import ReceiptKind
from notifications.channels.esp_reports import KINDS, MEANINGS, pack, parse_events, read_event

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"
AT = datetime(2026, 11, 22, 11, 38, 50, tzinfo=UTC)


def event(event_type: str = "delivered", **fields: object) -> AnymailTrackingEvent:
    usual = {"timestamp": AT, "metadata": {"reference": REFERENCE}, "recipient": "li@example.com"}
    return AnymailTrackingEvent(event_type=event_type, **(usual | fields))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("event_type", "fields", "kind", "permanent", "word"),
    [
        ("queued", {}, ReceiptKind.DELAYED, None, "queued"),
        ("sent", {}, ReceiptKind.ACCEPTED, None, "sent"),
        ("delivered", {"mta_response": "250 2.0.0 OK"}, ReceiptKind.DELIVERED, None, "delivered 2.0.0"),
        ("deferred", {"mta_response": "4.2.2 full"}, ReceiptKind.DELAYED, None, "deferred 4.2.2"),
        ("bounced", {"mta_response": "5.1.1 no li@example.com"}, ReceiptKind.FAILED, True, "bounced 5.1.1"),
        ("bounced", {"mta_response": "5.2.2 full"}, ReceiptKind.FAILED, False, "bounced 5.2.2"),
        ("bounced", {"reject_reason": "bounced"}, ReceiptKind.FAILED, None, "bounced"),
        ("rejected", {"reject_reason": "invalid"}, ReceiptKind.FAILED, True, "rejected"),
        ("rejected", {"reject_reason": "spam", "mta_response": "5.1.1"}, ReceiptKind.FAILED, False, "rejected 5.1.1"),
        ("failed", {}, ReceiptKind.FAILED, None, "failed"),
        ("opened", {}, ReceiptKind.SEEN, None, "opened"),
        ("clicked", {}, ReceiptKind.SEEN, None, "clicked"),
        ("complained", {}, ReceiptKind.SEEN, None, "complained"),
        ("unsubscribed", {}, ReceiptKind.UNKNOWN, None, "unsubscribed"),
        ("a new word", {}, ReceiptKind.UNKNOWN, None, "?"),
    ],
)
def test_each_event_is_put_into_our_words(
    event_type: str, fields: dict[str, object], kind: ReceiptKind, permanent: bool | None, word: str
) -> None:
    receipt = read_event(event(event_type, **fields))
    assert (receipt.kind, receipt.permanent, receipt.provider_word) == (kind, permanent, word)
    assert (receipt.reference, receipt.occurred_at) == (REFERENCE, AT)
    assert "li@" not in repr(receipt)


def test_no_word_of_anymails_is_left_out() -> None:
    words = {value for name, value in vars(EventType).items() if name.isupper() and "inbound" not in value}
    assert words == set(KINDS) == set(MEANINGS)


@pytest.mark.parametrize("message_id", [f"<{REFERENCE}@bounces.example>", f"<{REFERENCE.upper()}@bounces.example>"])
def test_our_own_message_id_will_do_where_the_metadata_is_lost(message_id: str) -> None:
    assert read_event(event(metadata={}, message_id=message_id)).reference == REFERENCE


@pytest.mark.parametrize(
    "metadata", [None, {}, {"reference": 7}, {"reference": "42"}, {"other": REFERENCE}, {"reference": f"{REFERENCE}0"}]
)
def test_an_event_without_our_reference_proves_nothing(metadata: object) -> None:
    receipt = read_event(event(metadata=metadata, message_id="<1@mailgun.example>"))
    assert (receipt.kind, receipt.reference) == (ReceiptKind.UNKNOWN, "")


def test_what_is_kept_is_read_again_without_the_firms_keys() -> None:
    raw = pack([event(), event("opened")], b'{"the body": "as it came"}\n')
    assert raw.endswith(b'\n{"the body": "as it came"}\n')
    assert [receipt.kind for receipt in parse_events(raw)] == [ReceiptKind.DELIVERED, ReceiptKind.SEEN]
    assert parse_events(raw)[0] == read_event(event())


texts = st.none() | st.text()


@given(st.sampled_from([*KINDS, "x"]), texts, texts, texts, st.dictionaries(st.text(), st.text()))
def test_any_event_can_be_kept_and_read(
    event_type: str, message_id: str | None, answer: str | None, why: str | None, metadata: dict[str, str]
) -> None:
    fields = {"message_id": message_id, "mta_response": answer, "reject_reason": why, "metadata": metadata}
    [receipt] = parse_events(pack([event(event_type, timestamp=None, **fields)], b""))
    assert "\x00" not in receipt.provider_reference + receipt.provider_word + receipt.reason


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(lambda value: json.dumps(value).encode()))
def test_anything_can_be_read_as_something(raw: bytes) -> None:
    assert all(receipt.kind in ReceiptKind for receipt in parse_events(raw))
