"""On which days a person is there to act. Pure functions over the holidays of the `holidays` package.

A jurisdiction's days are those of its country: cn and us of the whole country (us: federal holidays), uk of England.
The EU has no calendar of its own: its days are those of the country in which the borrower's zone is, and else Monday to
Friday, since a holiday of the wrong country would take a day away from those who work on it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

DECREES: Final = MappingProxyType(
    {
        # The holidays and the weekend days that are worked instead are decreed for each year in October to December of
        # the year before. All three were read in full, and the days that the package has for them agree.
        "CN": MappingProxyType(
            {
                2024: "国办发明电〔2023〕7号 (2023-10-25)",
                2025: "国办发明电〔2024〕12号 (2024-11-12)",
                2026: "国办发明电〔2025〕7号 (2025-11-04)",
            }
        )
    }
)
"""By country and year. For a later year the package answers as well, from the law on holidays alone, and does not say
so: with a new version of it, add the year here.
"""
_PLACES: Final = MappingProxyType({"cn": ("CN", ""), "us": ("US", ""), "uk": ("GB", "ENG")})
_LANGUAGES: Final = MappingProxyType({"en": "en_US", "zh-hans": "zh_CN", "zh-hant": "zh_TW"})
_WEEKEND: Final = (5, 6)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of a country, ISO 3166-1 alpha-2, and of a part of it; without a country Monday to Friday."""

    country: str = ""
    part: str = ""
    weekends_are_free: bool = True

    @classmethod
    def of(cls, jurisdiction: str, country: str = "") -> "WorkingDays":
        """The days of a jurisdiction of the policies, and in the EU those of the borrower's `country`, where known.

        A jurisdiction of one's own has the days of the country of that code. Where neither is one that the package
        knows, Monday to Friday. Which country it is the borrower's time zone says (`slots.working_days`).
        """
        if jurisdiction in _PLACES:
            return cls(*_PLACES[jurisdiction])
        places = (jurisdiction.upper(), country.upper())
        return next((cls(place) for place in places if place and _is_known(place)), cls())

    def is_working_day(self, day: date) -> bool:
        """Whether people work on `day`: no holiday, and no weekend unless it is worked instead of another day."""
        if self.country:
            return day not in _free_days(self.country, self.part, day.year)
        return not self.weekends_are_free or day.weekday() not in _WEEKEND

    def previous_working_day(self, day: date) -> date:
        """The last working day before `day`."""
        day -= timedelta(days=1)
        while not self.is_working_day(day):
            day -= timedelta(days=1)
        return day

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`."""
        day += timedelta(days=1)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def is_decreed(self, day: date) -> bool:
        """Whether the holidays around `day` are certain: False for a year whose decree is not known here."""
        decrees = DECREES.get(self.country)
        return decrees is None or day.year <= max(decrees)

    def exceptions(self, year: int) -> list[date]:
        """The days of a year that are not as the week has them: days off from Monday to Friday, and weekend days that
        are worked.
        """
        days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
        return [day for day in days if day.year == year and self.is_working_day(day) != (day.weekday() not in _WEEKEND)]

    def decree(self, year: int) -> str:
        """The decree that says when people work in `year`, empty where none is known here or none is needed."""
        decrees = DECREES.get(self.country)
        return decrees.get(year, "") if decrees else ""

    def holiday_name(self, day: date, language: str) -> str:
        """What `day` is called, in one of settings.LANGUAGES where the package has it, else in its English or its
        country's own; empty where it is no holiday.
        """
        return _names(self.country, self.part, day.year, language).get(day, "") if self.country else ""


EVERY_DAY: Final = WorkingDays(weekends_are_free=False)
"""Where nobody said who works when: each day is a working day."""


def load() -> None:
    """Read the package now: with one country it imports all 250, which takes up to a second. For a process that will
    fork others, so that none of them has to.
    """
    _is_known("CN")


def _is_known(country: str) -> bool:
    from holidays.utils import list_supported_countries

    return country in list_supported_countries(include_aliases=False)


@lru_cache(maxsize=256)
def _free_days(country: str, part: str, year: int) -> frozenset[date]:
    from holidays import country_holidays  # a third of a second, which a start that plans nothing need not spend

    calendar = country_holidays(country, subdiv=part or None, years=year)
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    return frozenset(day for day in days if day.year == year and not calendar.is_working_day(day))


@lru_cache(maxsize=256)
def _names(country: str, part: str, year: int, language: str) -> dict[date, str]:
    from holidays import country_holidays

    spoken = country_holidays(country).supported_languages
    wanted = next((one for one in (_LANGUAGES.get(language, ""), "en_US") if one in spoken), None)
    named = country_holidays(country, subdiv=part or None, years=year, language=wanted)
    return dict(named)
