import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.base import ReceiptKind
from notifications.channels.kannel_reports import parse_dlr

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"


@pytest.mark.parametrize(
    ("report_type", "answer", "kind", "permanent", "word"),
    [
        ("1", "", ReceiptKind.DELIVERED, None, "1"),
        ("2", "id:7 sub:001 stat:UNDELIV err:027 text:Payment due", ReceiptKind.FAILED, None, "2 stat:UNDELIV err:027"),
        ("4", "", ReceiptKind.DELAYED, None, "4"),
        ("8", "ACK/", ReceiptKind.ACCEPTED, None, "8 ACK/"),
        ("16", "NACK/0x0000000b/Invalid", ReceiptKind.FAILED, True, "16 NACK/0x0000000b"),
        ("16", "NACK/0x00000058", ReceiptKind.FAILED, None, "16 NACK/0x00000058"),
        ("32", "", ReceiptKind.UNKNOWN, None, "32"),
        ("", "", ReceiptKind.UNKNOWN, None, "?"),
    ],
)  # fmt: skip
def test_each_type_of_callback_is_put_into_our_words(
    report_type: str, answer: str, kind: ReceiptKind, permanent: bool | None, word: str
) -> None:
    receipt = parse_dlr({"reference": REFERENCE, "type": report_type, "answer": answer, "time": "1795347530"})
    assert (receipt.reference, receipt.kind, receipt.permanent, receipt.provider_word) == (
        REFERENCE, kind, permanent, word,
    )  # fmt: skip
    assert receipt.occurred_at is not None
    assert receipt.occurred_at.isoformat() == "2026-11-22T11:38:50+00:00"


@pytest.mark.parametrize("reference", ["", "42", f"{REFERENCE}0", "0190c1de-0000-8000-8000-0123456789ag"])
def test_a_callback_without_our_reference_proves_nothing(reference: str) -> None:
    receipt = parse_dlr({"reference": reference, "type": "1"})
    assert (receipt.kind, receipt.reference) == (ReceiptKind.UNKNOWN, "")


def test_a_callback_that_quotes_the_wording_does_not_pass_it_on() -> None:
    answer = "id:1 stat:DELIVRD err:000 text:Li Hua owes 88.00"
    receipt = parse_dlr({"reference": REFERENCE, "type": "1", "answer": answer, "smsc_reference": "Li Hua"})
    assert "Li" not in repr(receipt)


@given(st.dictionaries(st.sampled_from(["reference", "type", "answer", "smsc_reference", "time"]), st.text()))
def test_any_callback_can_be_read_as_something(query: dict[str, str]) -> None:
    assert parse_dlr(query).kind in ReceiptKind
