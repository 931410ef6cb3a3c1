"""When a person may be told something."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.timing import ContactHours, at_local, lawful_moment, local_day

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYTIME = ContactHours()
instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)


@given(instants, zones)
def test_a_lawful_moment_is_within_contact_hours_and_never_earlier_than_wanted(now: datetime, zone: ZoneInfo) -> None:
    moment = lawful_moment(now, zone=zone, hours=DAYTIME)
    assert moment >= now
    assert DAYTIME.opens <= moment.astimezone(zone).time() < DAYTIME.closes
    assert moment - now <= timedelta(hours=36)


@given(instants, zones, st.timedeltas(timedelta(0), timedelta(hours=20)))
def test_holding_never_passes_the_latest_moment(now: datetime, zone: ZoneInfo, left: timedelta) -> None:
    assert now <= lawful_moment(now, zone=zone, hours=DAYTIME, latest=now + left) <= now + left


def test_a_prompt_wanted_at_night_waits_until_eight() -> None:
    night = datetime(2026, 12, 2, 23, 30, tzinfo=SHANGHAI)
    assert lawful_moment(night, zone=SHANGHAI, hours=DAYTIME) == datetime(2026, 12, 3, 8, 0, tzinfo=SHANGHAI)


def test_at_ten_in_the_evening_the_hours_are_over() -> None:
    closing = datetime(2026, 12, 2, 22, 0, tzinfo=SHANGHAI)
    assert lawful_moment(closing, zone=SHANGHAI, hours=DAYTIME).astimezone(SHANGHAI).day == 3


def test_today_is_the_borrowers_own_calendar_day() -> None:
    instant = datetime(2024, 2, 28, 17, 0, tzinfo=UTC)
    assert local_day(instant, SHANGHAI) == date(2024, 2, 29)
    assert local_day(instant, ZoneInfo("America/New_York")) == date(2024, 2, 28)


def test_a_time_that_the_clocks_skip_is_the_moment_after_the_gap() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert at_local(date(2026, 3, 29), time(2, 30), berlin) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.times(), zones)
def test_a_local_time_is_never_on_an_earlier_day(day: date, clock: time, zone: ZoneInfo) -> None:
    assert local_day(at_local(day, clock, zone), zone) >= day


def test_hours_that_never_open_are_refused() -> None:
    with pytest.raises(ValueError, match="never open"):
        ContactHours.parse("22:00-08:00")


def test_hours_may_last_the_whole_day() -> None:
    hours = ContactHours.parse("00:00-24:00")
    night = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
    assert lawful_moment(night, zone=SHANGHAI, hours=hours) == night
