"""A borrower whose contact cannot be used keeps the loan, and the sender hears of it."""

import pytest

from loans.intake.contacts import BorrowerFields, Remarks, read_borrower
from loans.intake.records import BorrowerRecord


def read(currency: str = "CNY", **given: str) -> tuple[BorrowerRecord | None, list[str]]:
    remarks = Remarks()
    return read_borrower(BorrowerFields(**{"external_id": "B-5", **given}), currency, remarks), remarks.said


@pytest.mark.parametrize(
    ("currency", "given", "kept"),
    [
        ("CNY", "13800138000", "+8613800138000"),
        ("CNY", " 138 0013-8000 ", "+8613800138000"),
        ("HKD", "51234567", "+85251234567"),
        ("TWD", "0912345678", "+886912345678"),
        ("GBP", "07911 123456", "+447911123456"),
        ("USD", "(201) 555-0123", "+12015550123"),
        ("EUR", "+49 1512 3456789", "+4915123456789"),
        ("CNY", "+44 7911 123456", "+447911123456"),
    ],
)
def test_a_phone_is_read_in_the_country_of_the_loans_currency(currency: str, given: str, kept: str) -> None:
    borrower, remarks = read(currency, phone=given)
    assert borrower
    assert (borrower.phone, remarks) == (kept, [])


@pytest.mark.parametrize(
    ("currency", "given"), [("EUR", "01512 3456789"), ("CNY", "12345"), ("CNY", "call me"), ("CNY", "1" * 300)]
)
def test_a_phone_that_cannot_be_dialled_is_left_out_and_said_without_quoting_it(currency: str, given: str) -> None:
    borrower, remarks = read(currency, phone=given)
    assert borrower
    assert borrower.phone is None
    assert len(remarks) == 1
    assert "phone" in remarks[0]
    assert given not in remarks[0]


@pytest.mark.parametrize(
    ("currency", "given"),
    [("CNY", "400-810-1234"), ("CNY", "8008101234"), ("USD", "+86 400 810 1234"), ("GBP", "0800 123 4567")],
)
def test_a_number_at_which_firms_are_called_is_nobodys_phone(currency: str, given: str) -> None:
    borrower, remarks = read(currency, phone=given)
    assert borrower
    assert borrower.phone is None
    assert remarks == ["the borrower's phone is a number at which firms are called: left out"]


def test_every_other_contact_that_cannot_be_used_is_left_out_and_said() -> None:
    borrower, remarks = read(email="lin@@example", locale="fr", time_zone="Asia/Beijing", name="x" * 300)
    assert borrower == BorrowerRecord("B-5", "", None, None, None, None)
    assert [remark.endswith("left out") for remark in remarks] == [True] * 4


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("en-GB", "en"),
        ("zh", "zh-hans"),
        ("zh_CN", "zh-hans"),
        ("ZH-Hant", "zh-hant"),
        ("zh-TW", "zh-hant"),
        ("zh-hk", "zh-hant"),
        ("eng", None),
    ],
)
def test_a_language_becomes_one_that_the_portal_speaks(given: str, kept: str | None) -> None:
    borrower, _ = read(locale=given)
    assert borrower
    assert borrower.locale == kept


def test_an_email_is_kept_in_lower_case_and_a_zone_as_it_is() -> None:
    borrower, remarks = read(email=" Lin.Wei@Example.COM ", time_zone="Asia/Hong_Kong")
    assert borrower
    assert (borrower.email, borrower.time_zone, remarks) == ("lin.wei@example.com", "Asia/Hong_Kong", [])


def test_a_borrower_without_a_number_is_nobody_and_that_is_said() -> None:
    assert read(external_id="", name="Lin Wei") == (None, ["a borrower without a number: left out"])
    assert read(external_id="") == (None, [])
