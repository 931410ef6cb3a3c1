"""Money: what an amount of a currency may look like, and how it is shown. Source: ISO 4217 list one of 2026-01-01."""

from decimal import Decimal
from functools import lru_cache
from typing import Final

# Left out: metals, bond units, XDR, XSU, XUA, XTS and XXX. They have no minor unit, and no loan is repaid in them.
_CODES_BY_MINOR_DIGITS: Final[dict[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
        COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
        INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_DIGITS: Final[dict[str, int]] = {
    code: digits for digits, codes in _CODES_BY_MINOR_DIGITS.items() for code in codes.split()
}

# The columns of every amount: DecimalField(max_digits=18, decimal_places=3).
WHOLE_DIGITS: Final = 15
STORED_DECIMALS: Final = 3

_SYMBOLS: Final = {"CNY": "¥", "JPY": "JP¥", "USD": "$", "HKD": "HK$", "TWD": "NT$", "EUR": "€", "GBP": "£"}
# A bare "$" is the local dollar to a reader in Hong Kong or Taiwan (CLDR writes US$ in every Chinese locale).
_CHINESE_SYMBOLS: Final = _SYMBOLS | {"USD": "US$"}
_MINUS: Final = "\N{MINUS SIGN}"


class MoneyError(ValueError):
    """An amount or a currency that cannot be kept; the message says why."""


def minor_digits(currency: str) -> int:
    """Decimals of the currency's minor unit (JPY 0, CNY 2, KWD 3). Raises MoneyError for a code not in ISO 4217."""
    if currency not in MINOR_DIGITS:
        raise MoneyError(f"{currency[:12]!r} is not a currency code of ISO 4217")
    return MINOR_DIGITS[currency]


@lru_cache(maxsize=256)
def smallest_unit(currency: str) -> Decimal:
    """One minor unit: 0.01 for CNY, 1 for JPY. Raises MoneyError for a code not in ISO 4217."""
    return Decimal(1).scaleb(-minor_digits(currency))


def quantized(amount: Decimal, currency: str) -> Decimal:
    """The same amount with exactly the currency's decimals; nothing is ever rounded.

    Raises MoneyError (a ValueError) when the currency is unknown, the amount is no finite number, has a non-zero digit
    finer than the currency's minor unit, or does not fit the columns (15 digits before the point, 3 after).
    """
    unit = smallest_unit(currency)
    if not amount.is_finite():
        raise MoneyError(f"{amount} is not an amount of money")
    if not amount:
        return Decimal(0).quantize(unit)
    if amount.adjusted() >= WHOLE_DIGITS:
        raise MoneyError(f"an amount of more than {WHOLE_DIGITS} digits before the point cannot be kept")
    exact = amount.quantize(unit)
    if exact != amount:
        raise MoneyError(f"{_shortened(amount)} is finer than the smallest unit of {currency}, which is {unit}")
    if minor_digits(currency) > STORED_DECIMALS and exact != round(exact, STORED_DECIMALS):
        raise MoneyError(f"{exact} has more than the {STORED_DECIMALS} decimals that can be kept")
    return exact


def format_money(amount: Decimal, currency: str, language: str) -> str:
    """The amount as a borrower reads it, in a language of Django (zh-hans): "¥1,234.56", "−HK$5.00", "KWD 1.234"."""
    symbols = _CHINESE_SYMBOLS if language.lower().startswith("zh") else _SYMBOLS
    symbol = symbols.get(currency, f"{currency} ")
    sign = _MINUS if amount < 0 else ""
    return f"{sign}{symbol}{abs(quantized(amount, currency)):,f}"


def _shortened(amount: Decimal) -> str:
    text = str(amount)
    return text if len(text) <= 40 else f"{text[:40]}…"
