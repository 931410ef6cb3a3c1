"""Days and moments in the three languages."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.dates import day, moment, relative, short_day

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("language", "this_year", "another"),
    [
        ("en", "Thu 3 December", "Sun 3 January 2027"),
        ("zh-hans", "12月3日（周四）", "2027年1月3日（周日）"),
        ("zh-hant", "12月3日（週四）", "2027年1月3日（週日）"),
        ("fr", "Thu 3 December", "Sun 3 January 2027"),
        ("ZH-Hans", "12月3日（周四）", "2027年1月3日（周日）"),
    ],
)
def test_a_day_names_its_year_only_when_it_is_another(language: str, this_year: str, another: str) -> None:
    assert day(date(2026, 12, 3), language, TODAY) == this_year
    assert day(date(2027, 1, 3), language, TODAY) == another


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from(["en", "zh-hans", "zh-hant"]))
def test_the_weekday_is_that_of_the_calendar(value: date, language: str) -> None:
    english = value.strftime("%a")
    names = {"Mon": "一", "Tue": "二", "Wed": "三", "Thu": "四", "Fri": "五", "Sat": "六", "Sun": "日"}
    written = day(value, language, TODAY)
    assert (english if language == "en" else names[english]) in written
    assert str(value.day) in written


def test_a_short_day_leaves_the_weekday_out() -> None:
    assert short_day(date(2026, 12, 3), "en", TODAY) == "3 Dec"
    assert short_day(date(2025, 12, 3), "en", TODAY) == "3 Dec 2025"
    assert short_day(date(2025, 12, 3), "zh-hant", TODAY) == "2025年12月3日"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, ("today", "今天", "今天")),
        (1, ("tomorrow", "明天", "明天")),
        (2, ("in 2 days", "后天", "後天")),
        (3, ("in 3 days", "3天后", "3天後")),
        (-1, ("yesterday", "昨天", "昨天")),
        (-2, ("2 days ago", "前天", "前天")),
        (-40, ("40 days ago", "40天前", "40天前")),
    ],
)
def test_distance_from_today_in_words(days: int, words: tuple[str, str, str]) -> None:
    assert tuple(relative(days, language) for language in ("en", "zh-hans", "zh-hant")) == words


def test_a_moment_is_told_on_the_readers_own_clock() -> None:
    late = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
    assert moment(late, "en", ZoneInfo("Asia/Shanghai"), TODAY) == "Mon 23 November, 01:05"
    assert moment(late, "zh-hans", ZoneInfo("Asia/Shanghai"), TODAY) == "11月23日（周一）01:05"
    assert moment(late + timedelta(hours=1), "en", ZoneInfo("America/New_York"), TODAY) == "Sun 22 November, 13:05"
