"""Contact hours as they are written, and those that cannot be meant."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications.tests.zones import (
    SHANGHAI,
)
from notifications.timing import ContactHours, Why, lawful_moment


@pytest.mark.parametrize("text", ["08:00-22:00", "00:00-24:00", "07:30-24:00"])
def test_they_read_back_as_they_were_written(text: str) -> None:
    assert str(ContactHours.parse(text)) == text


@pytest.mark.parametrize("text", ["22:00-08:00", "20:00-02:00", "08:00-08:00"])
def test_those_that_never_open_on_one_day_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="never open"):
        ContactHours.parse(text)


@pytest.mark.parametrize("text", ["08:00-08:01", "08:00-08:09", "23:51-24:00"])
def test_those_that_close_before_a_sending_is_over_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"too short to tell anybody in: {text}"):
        ContactHours.parse(text)


@pytest.mark.parametrize("text", ["08:00-08:10", "23:50-24:00"])
def test_ten_minutes_are_long_enough(text: str) -> None:
    hours = ContactHours.parse(text)
    opening = hours.next_open(datetime(2026, 12, 2, 12, 0, tzinfo=UTC), SHANGHAI)
    for later in (timedelta(), timedelta(seconds=1), timedelta(minutes=8, seconds=59)):
        assert hours.next_open(opening + later, SHANGHAI) == opening + later


@pytest.mark.parametrize("text", ["", "8-22", "08:00", "08:00-25:00", "24:00-24:00", "08:00-22:60", "08:00–22:00"])
def test_those_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write them as 08:00-22:00"):
        ContactHours.parse(text)


def test_they_may_last_until_midnight() -> None:
    hours, evening = ContactHours.parse("08:00-24:00"), datetime(2026, 12, 2, 23, 58, tzinfo=SHANGHAI)
    assert lawful_moment(evening, now=evening, zone=SHANGHAI, hours=hours).why is Why.AS_WANTED
    midnight = evening + timedelta(minutes=2)
    assert lawful_moment(midnight, now=midnight, zone=SHANGHAI, hours=hours).why is Why.HELD
