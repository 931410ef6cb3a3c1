"""The zone behind a name that was stored."""

import pytest

from accounts.models import User
from accounts.models.user import DEFAULT_TIME_ZONE, zone_of


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
