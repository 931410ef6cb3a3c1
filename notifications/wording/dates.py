"""How far off a day is, as messages say it. Days themselves are written out by `loans.dates`.

A page says "3天后"; a message that asks for something says how many days are left, so its Chinese has words of its own.
"""

from datetime import date
from typing import Final

from loans import dates

_NEAR: Final = {-1: "就是昨天", 0: "就是今天", 1: "就是明天"}
_LEFT_AND_PAST: Final = {"zh-hans": ("还有{}天", "已过{}天"), "zh-hant": ("還有{}天", "已過{}天")}


def relative_text(day: date, today: date, language: str) -> str:
    """ "in 3 days", "tomorrow", "2 days ago"; "还有3天", "就是明天", "已过2天"."""
    days = (day - today).days
    if language not in _LEFT_AND_PAST:
        return dates.relative(days, language)
    left, past = _LEFT_AND_PAST[language]
    return _NEAR.get(days) or (left if days > 0 else past).format(abs(days))


def when_text(day: date, today: date, language: str) -> str:
    """The day and its distance: "Thu 3 December, in 3 days", "tomorrow, Fri 4 December"; "12月3日（周四），还有3天"."""
    on, relative = dates.day(day, language, today), relative_text(day, today, language)
    if language in _LEFT_AND_PAST:
        return f"{on}，{relative}"
    return f"{relative}, {on}" if abs((day - today).days) <= 1 else f"{on}, {relative}"


def deadline_text(day: date, today: date, language: str) -> str:
    """By when to act: "by Thu 3 December", "today"; "在12月3日（周四）前", "在今天".

    Without a year: it stands in subjects and text messages, where room is short and the day is near.
    """
    is_english = language not in _LEFT_AND_PAST
    if day <= today:
        return "today" if is_english else "在今天"
    on = dates.day(day, language, today=day)
    return f"by {on}" if is_english else f"在{on}前"


def lag_text(days: int, language: str) -> str:
    """How long a firm usually takes: "on the same day", "within 2 days"; "当天", "在2天内"."""
    if language not in _LEFT_AND_PAST:
        return "on the same day" if days == 0 else f"within {days} {'day' if days == 1 else 'days'}"
    if days:
        return f"在{days}天內" if language == "zh-hant" else f"在{days}天内"
    return "當天" if language == "zh-hant" else "当天"
