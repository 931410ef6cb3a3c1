"""Days as people say them, in the three languages. A day is always a borrower's calendar day."""

from datetime import date
from functools import lru_cache
from typing import Final

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_HAN_WEEKDAYS: Final = "一二三四五六日"
_HAN_WEEK: Final = {"zh-hans": "周", "zh-hant": "週"}
_NEAR_DAYS: Final = {
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
    "zh-hans": {-1: "就是昨天", 0: "就是今天", 1: "就是明天"},
    "zh-hant": {-1: "就是昨天", 0: "就是今天", 1: "就是明天"},
}
_AHEAD_AND_AGO: Final = {
    "en": ("in {} days", "{} days ago"),
    "zh-hans": ("还有{}天", "已过{}天"),
    "zh-hant": ("還有{}天", "已過{}天"),
}


@lru_cache(maxsize=4096)
def day_text(day: date, this_year: int | None, language: str) -> str:
    """ "Thu 3 December", "12月3日（周四）"; with the year where it is not `this_year`. None leaves the year out."""
    other_year = this_year is not None and day.year != this_year
    if language in _HAN_WEEK:
        year = f"{day.year}年" if other_year else ""
        return f"{year}{day.month}月{day.day}日（{_HAN_WEEK[language]}{_HAN_WEEKDAYS[day.weekday()]}）"
    text = f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    return f"{text} {day.year}" if other_year else text


def relative_text(day: date, today: date, language: str) -> str:
    """ "in 3 days", "tomorrow", "2 days ago"; "还有3天", "就是明天", "已过2天"."""
    days = (day - today).days
    if near := _NEAR_DAYS[language].get(days):
        return near
    ahead, ago = _AHEAD_AND_AGO[language]
    return ahead.format(days) if days > 0 else ago.format(-days)


@lru_cache(maxsize=4096)
def when_text(day: date, today: date, language: str) -> str:
    """Both together: "Thu 3 December, in 3 days", "tomorrow, Fri 4 December"; "12月3日（周四），还有3天"."""
    on, relative = day_text(day, today.year, language), relative_text(day, today, language)
    if language != "en":
        return f"{on}，{relative}"
    return f"{relative}, {on}" if abs((day - today).days) <= 1 else f"{on}, {relative}"


@lru_cache(maxsize=4096)
def deadline_text(day: date, today: date, language: str) -> str:
    """By when to act: "by Thu 3 December", "today"; "在12月3日（周四）前", "在今天".

    Without a year: it stands in subjects and text messages, where room is short and the day is near.
    """
    if day <= today:
        return "today" if language == "en" else "在今天"
    on = day_text(day, None, language)
    return f"by {on}" if language == "en" else f"在{on}前"


def lag_text(days: int, language: str) -> str:
    """How long a firm usually takes: "on the same day", "within 2 days"; "当天", "在2天内"."""
    if language == "en":
        return "on the same day" if days == 0 else f"within {days} {'day' if days == 1 else 'days'}"
    if days:
        return f"在{days}天內" if language == "zh-hant" else f"在{days}天内"
    return "當天" if language == "zh-hant" else "当天"
