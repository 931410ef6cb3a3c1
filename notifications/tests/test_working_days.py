"""On which days a person is there."""

import subprocess
import sys
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.working_days import DECREES, EVERY_DAY, WorkingDays

CHINA, STATES, ENGLAND = WorkingDays.of("cn"), WorkingDays.of("us"), WorkingDays.of("uk")
WEEKDAYS = WorkingDays.of("eu")

# As the decrees have them: days off, first and last, and the weekend days that are worked instead.
CHINESE_HOLIDAYS = {
    2024: [
        ("01-01", "01-01"),
        ("02-10", "02-17"),
        ("04-04", "04-06"),
        ("05-01", "05-05"),
        ("06-10", "06-10"),
        ("09-15", "09-17"),
        ("10-01", "10-07"),
    ],
    2025: [
        ("01-01", "01-01"),
        ("01-28", "02-04"),
        ("04-04", "04-06"),
        ("05-01", "05-05"),
        ("05-31", "06-02"),
        ("10-01", "10-08"),
    ],
    2026: [
        ("01-01", "01-03"),
        ("02-15", "02-23"),
        ("04-04", "04-06"),
        ("05-01", "05-05"),
        ("06-19", "06-21"),
        ("09-25", "09-27"),
        ("10-01", "10-07"),
    ],
}
CHINESE_WEEKENDS_WORKED = {
    2024: ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    2025: ["01-26", "02-08", "04-27", "09-28", "10-11"],
    2026: ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
}


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]


class TestChina:
    @pytest.mark.parametrize("year", DECREES["CN"])
    def test_every_day_of_a_decreed_year_is_as_decreed(self, year: int) -> None:
        def works(day: date) -> bool:
            if f"{day:%m-%d}" in CHINESE_WEEKENDS_WORKED[year]:
                return True
            off = any(first <= f"{day:%m-%d}" <= last for first, last in CHINESE_HOLIDAYS[year])
            return day.weekday() < 5 and not off

        assert [day for day in days_of(year) if CHINA.is_working_day(day) != works(day)] == []

    def test_a_saturday_before_the_spring_festival_is_worked(self) -> None:
        assert CHINA.is_working_day(date(2026, 2, 14))
        assert CHINA.previous_working_day(date(2026, 2, 22)) == date(2026, 2, 14)

    def test_a_year_is_certain_once_it_was_decreed(self) -> None:
        assert CHINA.is_decreed(date(2026, 12, 31))
        assert CHINA.is_decreed(date(2019, 5, 1))
        assert not CHINA.is_decreed(date(2027, 1, 1))

    def test_the_package_knows_no_year_whose_decree_is_missing_here(self) -> None:
        newest = max(DECREES["CN"])
        worked = {day for year in (newest + 1, newest + 2) for day in days_of(year) if day.weekday() >= 5}
        assert not any(CHINA.is_working_day(day) for day in worked)

    @pytest.mark.parametrize(
        ("language", "name"),
        [("zh-hans", "春节"), ("zh-hant", "春節"), ("en", "Chinese New Year (Spring Festival)")],
    )
    def test_its_holidays_have_names_in_three_languages(self, language: str, name: str) -> None:
        assert CHINA.holiday_name(date(2026, 2, 17), language) == name

    def test_a_plain_day_has_no_name(self) -> None:
        assert CHINA.holiday_name(date(2026, 3, 17), "en") == ""


class TestElsewhere:
    def test_the_states_rest_on_federal_holidays(self) -> None:
        assert STATES.previous_working_day(date(2026, 11, 27)) == date(2026, 11, 25)

    def test_a_new_year_on_a_saturday_is_kept_on_the_last_day_of_the_old_one(self) -> None:
        assert not STATES.is_working_day(date(2027, 12, 31))

    def test_england_rests_from_good_friday_to_easter_monday(self) -> None:
        assert ENGLAND.previous_working_day(date(2026, 4, 7)) == date(2026, 4, 2)
        assert ENGLAND.holiday_name(date(2026, 4, 6), "zh-hans") == "Easter Monday"

    def test_england_works_on_a_scottish_holiday(self) -> None:
        assert ENGLAND.is_working_day(date(2026, 1, 2))

    def test_holidays_that_a_law_fixes_need_no_decree(self) -> None:
        assert all(days.is_decreed(date(2040, 1, 1)) for days in (STATES, ENGLAND, WEEKDAYS, EVERY_DAY))

    def test_a_jurisdiction_of_ones_own_has_the_days_of_its_country_wherever_its_people_are(self) -> None:
        assert WorkingDays.of("de", "FR") == WorkingDays.of("de") == WorkingDays("DE")

    def test_the_union_has_the_days_of_the_borrowers_country(self) -> None:
        unity = date(2025, 10, 3)
        assert not WorkingDays.of("eu", "de").is_working_day(unity)
        assert WorkingDays.of("eu", "FR").is_working_day(unity)

    @pytest.mark.parametrize("country", ["", "ZZ", "eu", "../"])
    def test_without_a_country_the_union_has_monday_to_friday(self, country: str) -> None:
        days = WorkingDays.of("eu", country)
        week = [date(2025, 10, 3) + timedelta(days=number) for number in range(7)]
        assert [days.is_working_day(day) for day in week] == [True, False, False, True, True, True, True]
        assert days.holiday_name(date(2025, 12, 25), "en") == ""

    def test_a_jurisdiction_of_ones_own_has_its_countrys_days(self) -> None:
        assert not WorkingDays.of("sg").is_working_day(date(2026, 8, 10))

    @given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from([CHINA, STATES, ENGLAND, WEEKDAYS]))
    def test_the_working_day_before_is_one_and_none_lies_in_between(self, day: date, days: WorkingDays) -> None:
        before = days.previous_working_day(day)
        between = [before + timedelta(days=number) for number in range((day - before).days)]
        assert [one for one in between if days.is_working_day(one)] == [before]
        assert timedelta(0) < day - before <= timedelta(days=12)

    @given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from([CHINA, STATES, ENGLAND, WEEKDAYS]))
    def test_no_working_day_lies_before_the_next_one(self, day: date, days: WorkingDays) -> None:
        following = days.next_working_day(day)
        assert days.is_working_day(following)
        assert days.previous_working_day(following) <= day < following

    @given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
    def test_where_nobody_said_who_works_when_every_day_counts(self, day: date) -> None:
        assert EVERY_DAY.previous_working_day(day) == day - timedelta(days=1)


def test_what_was_loaded_before_a_fork_is_not_loaded_again() -> None:
    """Of a fresh interpreter: this one may have asked before."""
    script = (
        "import sys; from notifications import working_days; assert 'holidays' not in sys.modules;"
        "working_days.load(); loaded = set(sys.modules);"
        "working_days.WorkingDays.of('cn').is_working_day(date(2026, 11, 23));"
        "print(sorted(name for name in set(sys.modules) - loaded if name.startswith('holidays')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"from datetime import date; {script}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
