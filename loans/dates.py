"""Days and moments as a borrower reads them, in the three languages. Pure; the only place that writes a date out.

The names stand here and not in the catalogues: a date must read right even where a sentence is not translated yet.
`language` is a Django code; every function takes `en` for one that is not known.
"""

from datetime import date, datetime, tzinfo
from typing import Final

_WEEKDAYS: Final = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh-hans": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "zh-hant": ("週一", "週二", "週三", "週四", "週五", "週六", "週日"),
}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NEAR: Final = {
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
    "zh-hans": {-2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "后天"},
    "zh-hant": {-2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "後天"},
}
_AHEAD: Final = {"en": "in {} days", "zh-hans": "{}天后", "zh-hant": "{}天後"}
_AGO: Final = {"en": "{} days ago", "zh-hans": "{}天前", "zh-hant": "{}天前"}


def day(value: date, language: str, today: date) -> str:
    """The day with its weekday: "Thu 3 December", "12月3日（周四）"; the year only where it is not that of `today`."""
    language = _known(language)
    weekday = _WEEKDAYS[language][value.weekday()]
    other_year = value.year != today.year
    if language == "en":
        return f"{weekday} {value.day} {_MONTHS[value.month - 1]}{f' {value.year}' if other_year else ''}"
    return f"{f'{value.year}年' if other_year else ''}{value.month}月{value.day}日（{weekday}）"


def short_day(value: date, language: str, today: date) -> str:
    """The day without its weekday, for narrow places: "3 Dec", "12月3日"."""
    other_year = value.year != today.year
    if _known(language) == "en":
        return f"{value.day} {_MONTHS[value.month - 1][:3]}{f' {value.year}' if other_year else ''}"
    return f"{f'{value.year}年' if other_year else ''}{value.month}月{value.day}日"


def relative(days: int, language: str) -> str:
    """How far a day is from today: "today", "tomorrow", "in 3 days", "3天后", "2 days ago"."""
    language = _known(language)
    near = _NEAR[language].get(days)
    if near:
        return near
    return (_AHEAD if days > 0 else _AGO)[language].format(abs(days))


def moment(value: datetime, language: str, zone: tzinfo, today: date) -> str:
    """A moment on the reader's own clock: "Thu 3 December, 18:05", "12月3日（周四）18:05". `value` is aware."""
    local = value.astimezone(zone)
    between = ", " if _known(language) == "en" else ""
    return f"{day(local.date(), language, today)}{between}{local:%H:%M}"


def _known(language: str) -> str:
    language = language.lower()
    return language if language in _WEEKDAYS else "en"
