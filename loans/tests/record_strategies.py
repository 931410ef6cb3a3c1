"""Hypothesis strategies of what partners may send."""

import string
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from loans.intake.statement_records import EntryRecord, Side, TransactionRecord
from loans.intake.values import UNPRINTABLE
from loans.money import MINOR_DIGITS, STORED_DECIMALS, quantized

CURRENCIES = sorted(MINOR_DIGITS)
days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
currencies = st.sampled_from(CURRENCIES)
# What XML can carry and a file may hold, without blanks at the ends, which do not count.
_characters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")


def texts(longest: int) -> st.SearchStrategy[str]:
    printable = st.text(_characters, min_size=1, max_size=longest).map(str.strip).filter(bool)
    return printable.filter(lambda text: not UNPRINTABLE.search(text))


def amounts(currency: str) -> st.SearchStrategy[Decimal]:
    digits = min(MINOR_DIGITS[currency], STORED_DECIMALS)
    largest = 10 ** (15 + digits) - 1
    units = st.one_of(st.integers(0, 10_000), st.integers(0, largest))
    return units.map(lambda number: quantized(Decimal(number).scaleb(-digits), currency))


@st.composite
def entries(draw: st.DrawFn, version: int) -> EntryRecord:
    currency = draw(currencies)
    side: Side = draw(st.sampled_from(["credit", "debit"]))
    amount = draw(amounts(currency))
    transactions = st.builds(
        TransactionRecord,
        amount=amounts(currency),
        currency=st.just(currency),
        end_to_end_id=st.none() | texts(35).filter(lambda text: text != "NOTPROVIDED"),
        uetr=st.none() if version < 8 else st.none() | st.uuids(version=4).map(str),
        remittance=st.none() | texts(140),
        side=st.just(side),
    )
    return EntryRecord(
        account=draw(accounts),
        amount=amount,
        currency=currency,
        side=side,
        status=draw(st.sampled_from(["BOOK", "PDNG", "INFO"])),
        booking_date=draw(st.none() | days),
        value_date=draw(st.none() | days),
        reversal=draw(st.booleans()),
        reference=draw(st.none() | texts(35)),
        transactions=tuple(draw(st.lists(transactions, max_size=3))),
        place="",
    )


accounts = st.one_of(
    st.from_regex(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{11,30}", fullmatch=True),
    st.text(string.digits + "-", min_size=1, max_size=30),
)
