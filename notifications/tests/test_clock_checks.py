"""Hours that never open, and waits without time, stop the start."""

import pytest
from django.core import checks
from pytest_django import Settings

from notifications.checks import TELLING


def faults() -> list[str]:
    return [str(error.msg) for error in checks.run_checks(tags=[TELLING]) if error.id == "notifications.E006"]


@pytest.mark.parametrize("hours", ["", "08:00-22:00", "00:00-24:00"])
def test_hours_that_open_are_taken(settings: Settings, hours: str) -> None:
    settings.CONTACT_HOURS = hours
    assert faults() == []


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("22:00-08:00", "CONTACT_HOURS: Contact hours that never open: 22:00-08:00."),
        ("09:00-09:00", "CONTACT_HOURS: Contact hours that never open: 09:00-09:00."),
        ("08:00-08:01", "CONTACT_HOURS: Contact hours too short to tell anybody in: 08:00-08:01."),
        ("9 to 5", "CONTACT_HOURS: Contact hours '9 to 5' cannot be read: write them as 08:00-22:00."),
        (" ", "CONTACT_HOURS: Contact hours ' ' cannot be read"),
    ],
)
def test_hours_that_never_open_or_cannot_be_read_stop_the_start(settings: Settings, hours: str, said: str) -> None:
    settings.CONTACT_HOURS = hours
    (fault,) = faults()
    assert fault.startswith(said)


@pytest.mark.parametrize("pace", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pace_that_leaves_no_time_to_wait_or_no_end_stops_the_start(settings: Settings, pace: float) -> None:
    settings.LADDER_PACE = pace
    (fault,) = faults()
    assert fault.startswith(f"LADDER_PACE is {pace}")


@pytest.mark.parametrize("pace", [0.0167, 1.0, 2.0])
def test_any_other_pace_is_taken(settings: Settings, pace: float) -> None:
    settings.LADDER_PACE = pace
    assert faults() == []
