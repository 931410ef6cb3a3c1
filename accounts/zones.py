"""Which clocks a country has, and which of them is taken for somebody of whom nobody said theirs.

Countries are ISO 3166-1 alpha-2, zones are names of the IANA database, whose own table says which country has which.
A zone that nobody said is stored with a mark behind its name, so that whatever is computed for a zone is computed for
these people apart: what they are told waits until it is day on every clock of their country.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers

NOT_SAID: Final = "?"
"""Behind the name of a zone that nobody said; no name of the IANA database has it."""
_CLOCKS: Final = {
    "CN": ("Asia/Shanghai",),  # one time by law, in Urumqi, too
    "US": ("America/New_York", "America/Los_Angeles"),  # the mainland, from end to end
}
"""Of countries for which the table of the IANA database has more than is meant here."""
_BY_PREFIX: Final = {"+1808": "Pacific/Honolulu", "+1907": "America/Anchorage"}
"""Area codes of what a country's clocks leave out; each of these states has one."""
_WINTER, _SUMMER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


class GuessedZone(ZoneInfo):
    """A zone that nobody said, taken because it is one of the person's country; equal to none that was said."""

    def behind(self, now: datetime) -> timedelta:
        """By how much the last clock of the country is behind this one; zero where there is no other."""
        here = _offset(self, now)
        clocks = (_offset(ZoneInfo(name), now) for name in clocks_of(country_of_zone(self.key)))
        return here - min([here, *clocks])


def guessed_zone(phone: str | None, otherwise: str) -> str:
    """The name to store for somebody with this phone (E.164) whose zone nobody said: that clock of the phone's country
    on which days begin first, so that nobody's due day is over before they were told; of no country `otherwise`.
    """
    name = next((zone for prefix, zone in _BY_PREFIX.items() if (phone or "").startswith(prefix)), None)
    return (name or max(clocks_of(country_of_phone(phone)), key=_first_of_all, default=otherwise)) + NOT_SAID


def country_of_phone(phone: str | None) -> str:
    """Empty where there is no phone, or its code is that of no country."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone)) if phone else None
    return region if region and region.isalpha() else ""


def country_of_zone(name: str) -> str:
    """Empty for a zone of no country, such as UTC, and for what is no zone."""
    name = name.removesuffix(NOT_SAID)
    countries = _countries()
    return countries.get(name) or countries.get(_links().get(name, ""), "")


def clocks_of(country: str) -> tuple[str, ...]:
    """The zones in which people of a country may be, as far as a guess has to reckon with them; none of no country."""
    return _CLOCKS.get(country) or tuple(name for name, its in _countries().items() if country and its == country)


def countries() -> frozenset[str]:
    """Each country that has a zone."""
    return frozenset(_countries().values())


def _offset(zone: ZoneInfo, now: datetime) -> timedelta:
    return now.astimezone(zone).utcoffset() or timedelta()


def _first_of_all(name: str) -> timedelta:
    """The greater, the earlier its days begin, over the year."""
    return _offset(ZoneInfo(name), _WINTER) + _offset(ZoneInfo(name), _SUMMER)


@cache
def _countries() -> dict[str, str]:
    """The country of each zone."""
    return {zone: country for country, _place, zone, *_note in _lines("zone.tab", "\t")}


@cache
def _links() -> dict[str, str]:
    """Other names of zones, such as Asia/Calcutta, with the zone that each stands for."""
    return {name: zone for kind, zone, name, *_none in _lines("tzdata.zi", " ") if kind == "L"}


def _lines(name: str, between: str) -> Iterator[list[str]]:
    text = files("tzdata.zoneinfo").joinpath(name).read_text("utf-8")
    return (found for line in text.splitlines() if len(found := line.split(between)) > 2 and not line.startswith("#"))
