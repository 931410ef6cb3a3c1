"""What the words in braces stand for, and how each becomes text that is safe in one line of any message."""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from accounts.direction import DIRECTION_MARKS
from loans import dates
from loans.money import format_money, quantized
from notifications.wording.dates import deadline_text, lag_text, relative_text, when_text
from notifications.wording.facts import FactItem, Facts

# Control characters and halves of surrogate pairs: nothing prints them, and CR or LF would open a new header.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ITEM: Final = {
    "en": "{label}: {amount} (reference {reference})",
    "zh-hans": "{label}：{amount}（参考号 {reference}）",
    "zh-hant": "{label}：{amount}（參考編號 {reference}）",
}
_BEFORE: Final = {
    "en": "; we told you before: {amount}, due {day}",
    "zh-hans": "；此前告诉您的是{amount}，付款日{day}",
    "zh-hant": "；先前告訴您的是{amount}，付款日{day}",
}
_PART_PAID: Final = {
    "en": "; {paid} has been paid already, of {whole} in all",
    "zh-hans": "；总共{whole}，其中{paid}已经付了",
    "zh-hant": "；總共{whole}，其中{paid}已經付了",
}
_AND: Final = {"en": " and ", "zh-hans": "和", "zh-hant": "與"}

Value = Callable[[Facts, str], str]
"""A fact as text in a language."""


def one_line(text: str) -> str:
    """The text without line breaks, control characters and direction marks, and without blanks at its ends."""
    if not text.isprintable():
        text = " ".join(_UNPRINTABLE.sub(" ", DIRECTION_MARKS.sub("", text)).split())
    return text.strip()


def several_lines(text: str) -> str:
    """The same line by line, joined by "\\n", without empty lines."""
    return "\n".join(line for line in map(one_line, text.splitlines()) if line)


def seller_of(facts: Facts) -> str:
    """The firm that the borrower dealt with."""
    return one_line(facts.platform_name) or one_line(facts.bank_name)


def firms_of(facts: Facts, language: str) -> str:
    """Everybody who speaks: "Mall and Bank", or the bank alone."""
    seller, bank = seller_of(facts), one_line(facts.bank_name)
    return bank if seller == bank else f"{seller}{_AND[language]}{bank}"


def _money(name: str) -> Value:
    """An amount of the facts, in their currency."""

    def value(facts: Facts, language: str) -> str:
        amount = getattr(facts, name)
        return format_money(amount, facts.currency, language) if amount is not None and facts.currency else ""

    return value


def _amount(name: str) -> Value:
    """The currency of an amount of the facts. Raises MoneyError as `_money` does, and does not write it: that costs."""

    def value(facts: Facts, _language: str) -> str:
        amount = getattr(facts, name)
        if amount is None:
            return ""
        if facts.currency:
            quantized(amount, facts.currency)
        return facts.currency

    return value


def _to_pay(facts: Facts) -> Facts:
    """With what is left of its amount once that is there which is on its way."""
    return facts._replace(amount=facts.amount - facts.on_way) if facts.amount and facts.on_way else facts


def _whole(facts: Facts) -> Facts:
    """With what has been paid already beside its amount; without any where nothing has."""
    paid, amount = facts.part_paid, facts.amount
    return facts._replace(amount=amount + paid if amount is not None and paid is not None else None)


def _day(day: date | None, facts: Facts, language: str) -> str:
    return dates.day(day, language, facts.today) if day else ""


def _counted(count: Callable[[date, date, str], str]) -> Value:
    """A value that counts from the day of sending to the due date."""
    return lambda facts, language: count(facts.due_on, facts.today, language) if facts.due_on else ""


def _items(facts: Facts, language: str) -> str:
    """One line a payment: "Phone plan ··0017: ¥100.00 (reference LN-17-3)"; none where it is about a single one."""
    if len(facts.items) < 2:
        return ""
    return "\n".join(_item(item, facts, language) for item in facts.items)


def _item(item: FactItem, facts: Facts, language: str) -> str:
    words = _ITEM[language].format(
        label=one_line(item.loan_label),
        amount=format_money(item.amount, facts.currency, language),
        reference=one_line(item.payment_reference),
    )
    if item.part_paid is not None:
        figures = {"paid": item.part_paid, "whole": item.amount + item.part_paid}
        told = {name: format_money(amount, facts.currency, language) for name, amount in figures.items()}
        words += _PART_PAID[language].format_map(told)
    if item.previous_amount is None:
        return words
    amount = format_money(item.previous_amount, facts.currency, language)
    return words + _BEFORE[language].format(amount=amount, day=_day(item.previous_due_on, facts, language))


def _lag(facts: Facts, language: str) -> str:
    return "" if facts.usual_lag_days is None else lag_text(facts.usual_lag_days, language)


# An empty text means that the fact is not known.
SHARED: Final[dict[str, Value]] = {
    "answer_day": lambda facts, language: _day(facts.answer_by, facts, language),
    "bank_name": lambda facts, _language: one_line(facts.bank_name),
    "by_due": _counted(deadline_text),
    "due_day": lambda facts, language: _day(facts.due_on, facts, language),
    "due_relative": _counted(relative_text),
    "due_when": _counted(when_text),
    "firms": firms_of,
    "how_to_pay": lambda facts, _language: several_lines(facts.how_to_pay),
    "lag": _lag,
    "other_firm": lambda facts, _language: one_line(facts.other_firm) or one_line(facts.bank_name),
    "paid_day": lambda facts, language: _day(facts.paid_on, facts, language),
    "platform_name": lambda facts, _language: one_line(facts.platform_name),
    "previous_day": lambda facts, language: _day(facts.previous_due_on, facts, language),
    "report_day": lambda facts, language: _day(facts.report_on, facts, language),
    "portal_url": lambda facts, _language: one_line(facts.portal_url),
    "seller": lambda facts, _language: seller_of(facts),
    "support_phone": lambda facts, _language: one_line(facts.support_phone),
}
"""What many borrowers of a day have in common."""

_AMOUNTS: Final = ("amount", "instead_amount", "on_way", "part_paid", "previous_amount", "rest", "withdrawn_amount")
PERSONAL: Final[dict[str, Value]] = {
    **{name: _money(name) for name in _AMOUNTS},
    "to_pay": lambda facts, language: _money("amount")(_to_pay(facts), language),
    "whole_amount": lambda facts, language: _money("amount")(_whole(facts), language),
    "borrower_name": lambda facts, _language: one_line(facts.borrower_name),
    "dispute_number": lambda facts, _language: one_line(facts.dispute_number),
    "items": _items,
    "paid_off": lambda facts, _language: one_line(facts.paid_off),
    "loan_label": lambda facts, _language: one_line(facts.loan_label),
    "payment_reference": lambda facts, _language: one_line(facts.payment_reference),
}
"""What is one borrower's own, and never stands where a locked screen shows it."""
LOOKED_AT: Final[dict[str, Value]] = {
    **PERSONAL,
    **{name: _amount(name) for name in _AMOUNTS},
    "to_pay": lambda facts, language: _amount("amount")(_to_pay(facts), language),
    "whole_amount": lambda facts, language: _amount("amount")(_whole(facts), language),
}
"""The same for who only asks what is known: amounts are checked and not written."""

SEVERAL_LINES: Final = frozenset({"how_to_pay", "items"})
FIRM_NAMES: Final = ("firms", "seller", "bank_name", "platform_name", "other_firm")
