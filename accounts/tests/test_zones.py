"""The zone behind a name that was stored."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from accounts.models.user import DEFAULT_TIME_ZONE, zone_of
from accounts.zones import GuessedZone, country_of_zone, guessed_zone

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
def test_a_known_name_is_its_own_zone(name: str) -> None:
    zone, known = zone_of(name)
    assert (zone.key, known) == (name, True)
    assert User(time_zone=name).zone == zone


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "America", "../etc/passwd", "zone.tab", "x" * 300, "Asia/\0", "上海"]
)
def test_any_other_is_the_default_one_and_says_so(name: str) -> None:
    zone, known = zone_of(name)
    assert (zone.key, known) == (DEFAULT_TIME_ZONE, False)
    assert User(time_zone=name).zone == zone


@pytest.mark.parametrize(
    ("phone", "zone", "behind"),
    [
        ("+8613800138000", "Asia/Shanghai", 0),  # one time by law, in Urumqi, too
        ("+12125550123", "America/New_York", 3),  # wherever on the mainland
        ("+18085550123", "Pacific/Honolulu", 0),
        ("+19075550123", "America/Anchorage", 0),
        ("+442079460958", "Europe/London", 0),
        ("+4930123456", "Europe/Berlin", 0),
        ("+34612345678", "Europe/Madrid", 1),  # or on the Canary Islands
        ("+351912345678", "Europe/Lisbon", 1),  # or on the Azores
        ("+819012345678", "Asia/Tokyo", 0),
        ("+80012345678", DEFAULT_TIME_ZONE, 0),
        (None, DEFAULT_TIME_ZONE, 0),
    ],
)
def test_a_zone_that_nobody_said_is_the_first_clock_of_the_phones_country(
    phone: str | None, zone: str, behind: int
) -> None:
    user = User(time_zone=guessed_zone(phone, DEFAULT_TIME_ZONE))
    assert (user.zone.key, user.zone_was_said) == (zone, False)
    assert isinstance(user.zone, GuessedZone)
    assert user.zone.behind(NOW) == timedelta(hours=behind)


@pytest.mark.parametrize(
    ("name", "country"),
    [
        *(("Europe/Berlin", "DE"), ("Europe/Berlin?", "DE"), ("Europe/Busingen", "DE"), ("Europe/Amsterdam", "NL")),
        *(("US/Pacific", "US"), ("Asia/Calcutta", "IN"), ("UTC", ""), ("America", ""), ("", ""), ("Mars/Olympus", "")),
    ],
)
def test_a_zone_is_of_one_country_by_whatever_name(name: str, country: str) -> None:
    assert country_of_zone(name) == country
