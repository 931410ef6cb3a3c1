"""How far off a day is, as messages say it."""

from datetime import date, timedelta

import pytest

from notifications.wording.dates import deadline_text, lag_text, relative_text, when_text

MONDAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("days", "english", "simplified", "traditional"),
    [
        (7, "in 7 days", "还有7天", "還有7天"),
        (2, "in 2 days", "还有2天", "還有2天"),
        (1, "tomorrow", "就是明天", "就是明天"),
        (0, "today", "就是今天", "就是今天"),
        (-1, "yesterday", "就是昨天", "就是昨天"),
        (-2, "2 days ago", "已过2天", "已過2天"),
    ],
)
def test_days_are_counted_from_the_day_of_sending(days: int, english: str, simplified: str, traditional: str) -> None:
    day = MONDAY + timedelta(days=days)
    assert [relative_text(day, MONDAY, language) for language in ("en", "zh-hans", "zh-hant")] == [
        english,
        simplified,
        traditional,
    ]


def test_a_near_day_is_named_first_in_english_and_its_date_after() -> None:
    assert when_text(MONDAY, MONDAY, "en") == "today, Mon 30 November"
    assert when_text(date(2026, 12, 1), MONDAY, "en") == "tomorrow, Tue 1 December"
    assert when_text(date(2026, 12, 3), MONDAY, "en") == "Thu 3 December, in 3 days"
    assert when_text(date(2026, 12, 3), MONDAY, "zh-hans") == "12月3日（周四），还有3天"
    assert when_text(date(2027, 1, 3), MONDAY, "zh-hant") == "2027年1月3日（週日），還有34天"


def test_a_deadline_that_has_come_is_today() -> None:
    assert deadline_text(date(2026, 12, 3), MONDAY, "en") == "by Thu 3 December"
    assert deadline_text(date(2026, 12, 3), MONDAY, "zh-hant") == "在12月3日（週四）前"
    assert deadline_text(MONDAY, MONDAY, "en") == "today"
    assert deadline_text(date(2026, 11, 29), MONDAY, "zh-hans") == "在今天"


@pytest.mark.parametrize(
    ("days", "texts"),
    [
        (0, ["on the same day", "当天", "當天"]),
        (1, ["within 1 day", "在1天内", "在1天內"]),
        (3, ["within 3 days", "在3天内", "在3天內"]),
    ],
)
def test_a_firms_usual_lag_is_said_in_days(days: int, texts: list[str]) -> None:
    assert [lag_text(days, language) for language in ("en", "zh-hans", "zh-hant")] == texts
