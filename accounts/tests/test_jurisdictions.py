"""Whose law holds for a person."""

import pytest

from accounts.jurisdictions import jurisdiction_of


@pytest.mark.parametrize(
    ("phone", "zone", "expected"),
    [
        ("+8613800138000", "Europe/Berlin", "cn"),
        ("+12125550123", None, "us"),
        ("+442079460958", "Asia/Shanghai", "uk"),
        ("+4930123456", None, "eu"),
        ("+85221234567", "Asia/Hong_Kong", "cn"),
        (None, "America/New_York", "us"),
        (None, "Europe/London", "uk"),
        (None, "Europe/Paris", "eu"),
        (None, None, "cn"),
        (None, "Pacific/Apia", "cn"),
    ],
)
def test_the_phone_tells_first_and_the_zone_where_there_is_none(
    phone: str | None, zone: str | None, expected: str
) -> None:
    assert jurisdiction_of(phone, zone) == expected
