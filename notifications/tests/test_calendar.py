"""Stages in the borrower's own calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from notifications import calendar
from notifications.calendar import LEADS, upcoming_stage
from notifications.timing import ContactHours

HOURS = ContactHours()
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SHANGHAI = ("Asia/Shanghai", ZoneInfo("Asia/Shanghai"))
HONOLULU = ("Pacific/Honolulu", ZoneInfo("Pacific/Honolulu"))


def test_a_stage_is_the_shortest_lead_still_ahead() -> None:
    assert [upcoming_stage(days) for days in range(8)] == [0, 1, 3, 3, 7, 7, 7, 7]


def test_the_same_instant_is_another_day_elsewhere() -> None:
    stages = {(slot.zone, slot.due_on): slot.stage for slot in calendar.upcoming([SHANGHAI, HONOLULU], NOON, HOURS)}
    assert stages["Asia/Shanghai", date(2026, 11, 22)] == 0
    assert stages["Pacific/Honolulu", date(2026, 11, 22)] == 1


@given(st.datetimes(datetime(2023, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_due_date_within_the_longest_lead_has_exactly_one_slot(now: datetime) -> None:
    slots = list(calendar.upcoming([SHANGHAI], now, HOURS))
    today = now.astimezone(SHANGHAI[1]).date()
    assert [slot.due_on for slot in slots] == [today + timedelta(days=days) for days in range(max(LEADS) + 1)]


@given(st.datetimes(datetime(2023, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_prompt_is_told_before_its_due_day_is_over_and_a_person_is_called_after_it_was_told(now: datetime) -> None:
    for slot in calendar.upcoming([SHANGHAI, HONOLULU], now, HOURS):
        zone = ZoneInfo(slot.zone)
        assert slot.moment.astimezone(zone).date() <= slot.due_on
        assert slot.moment < slot.deadline


def test_a_person_has_the_case_by_noon_of_the_day_before() -> None:
    (slot,) = [slot for slot in calendar.upcoming([SHANGHAI], NOON, HOURS) if slot.due_on == date(2026, 11, 25)]
    assert slot.deadline == datetime(2026, 11, 24, 12, 0, tzinfo=SHANGHAI[1])


def test_the_last_of_february_is_a_day_like_any_other() -> None:
    leap_eve = datetime(2028, 2, 28, 4, 0, tzinfo=UTC)
    stages = {slot.due_on: slot.stage for slot in calendar.upcoming([SHANGHAI], leap_eve, HOURS)}
    assert stages[date(2028, 2, 29)] == 1
    assert stages[date(2028, 3, 1)] == 3


def test_an_overdue_stage_is_the_latest_that_was_reached() -> None:
    stages = {slot.due_on: slot.stage for slot in calendar.overdue([SHANGHAI], NOON, HOURS)}
    today = date(2026, 11, 22)
    assert [stages[today - timedelta(days=days)] for days in (1, 2, 3, 6, 7, 30)] == [1, 1, 3, 3, 7, 7]
    assert today not in stages
