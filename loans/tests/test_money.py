"""Amounts are exact, fit their columns and read as money."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.money import MINOR_DIGITS, MoneyError, format_money, minor_digits, quantized
from loans.tests.record_strategies import amounts, currencies


@pytest.mark.parametrize(("code", "digits"), [("CNY", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XCG", 2), ("TWD", 2)])
def test_a_currency_has_the_decimals_of_iso_4217(code: str, digits: int) -> None:
    assert minor_digits(code) == digits


@pytest.mark.parametrize("code", ["XXX", "XAU", "RMB", "cny", "", "HRK"])
def test_what_is_no_currency_of_today_is_refused(code: str) -> None:
    with pytest.raises(MoneyError, match="ISO 4217"):
        minor_digits(code)


def test_the_list_of_currencies_is_whole() -> None:
    assert len(MINOR_DIGITS) == 165
    assert all(len(code) == 3 and code.isupper() for code in MINOR_DIGITS)


@pytest.mark.parametrize(
    ("amount", "currency", "kept"),
    [
        ("1", "CNY", "1.00"),
        ("833.330000", "CNY", "833.33"),
        ("1E+3", "JPY", "1000"),
        ("0E+99", "KWD", "0.000"),
        ("-0.00", "CNY", "0.00"),
        ("-12.5", "CNY", "-12.50"),
        ("1.2340", "CLF", "1.2340"),
        ("999999999999999.999", "KWD", "999999999999999.999"),
    ],
)
def test_an_amount_gets_exactly_its_currencys_decimals(amount: str, currency: str, kept: str) -> None:
    assert str(quantized(Decimal(amount), currency)) == kept


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        ("1.005", "CNY", "finer than the smallest unit of CNY"),
        ("0.5", "JPY", "finer"),
        ("1E-400", "CNY", "finer"),
        ("1.2345", "CLF", "3 decimals"),
        ("1000000000000000", "CNY", "15 digits"),
        ("1E+999999", "CNY", "15 digits"),
        ("NaN", "CNY", "not an amount"),
        ("-Infinity", "CNY", "not an amount"),
    ],
)
def test_an_amount_that_cannot_be_kept_exactly_is_refused(amount: str, currency: str, reason: str) -> None:
    with pytest.raises(MoneyError, match=reason):
        quantized(Decimal(amount), currency)


@given(st.data(), currencies)
def test_no_amount_is_ever_changed_by_giving_it_decimals(data: st.DataObject, currency: str) -> None:
    amount = data.draw(amounts(currency))
    assert quantized(amount.normalize(), currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        ("1234.56", "CNY", "zh-hans", "¥1,234.56"),
        ("1234.56", "CNY", "en", "¥1,234.56"),
        ("1234", "JPY", "en", "JP¥1,234"),
        ("12", "USD", "en", "$12.00"),
        ("12", "USD", "zh-hant", "US$12.00"),
        ("-5", "HKD", "zh-hant", "\N{MINUS SIGN}HK$5.00"),
        ("1.234", "KWD", "en", "KWD 1.234"),
        ("1000000", "TWD", "zh-hant", "NT$1,000,000.00"),
        ("0", "EUR", "en", "€0.00"),
    ],
)
def test_an_amount_reads_as_money(amount: str, currency: str, language: str, shown: str) -> None:
    assert format_money(Decimal(amount), currency, language) == shown
