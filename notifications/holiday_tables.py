"""The holidays of a jurisdiction and how certain they are, as tables for whoever asks at the command line."""

from datetime import date
from typing import Final

from notifications.working_days import DECREES, WorkingDays

_HEAD: Final = "| day | | what |\n| --- | --- | --- |"
_WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def as_markdown(jurisdiction: str, year: int) -> str:
    """What differs from Monday to Friday in `year`, one line a day, in English, headed by how certain it is."""
    working = WorkingDays.of(jurisdiction)
    if not working.country:
        return f"Holidays {year}: those of the country of the borrower's time zone, else Monday to Friday is worked."
    rows = "\n".join(_line(working, day) for day in working.exceptions(year))
    return f"Holidays {year} ({_standing(working, year)}):\n\n{_HEAD}\n{rows}"


def _standing(working: WorkingDays, year: int) -> str:
    """Whether the holidays of `year` are decreed, provisional, or need no decree."""
    if decree := working.decree(year):
        return f"decreed: {decree}"
    if not working.is_decreed(date(year, 12, 31)):
        return "provisional: the decree is not taken in yet, and no weekend is known to be worked"
    return "decreed, and not compared with the decree here" if working.country in DECREES else "as the law has them"


def _line(working: WorkingDays, day: date) -> str:
    what = "worked" if working.is_working_day(day) else working.holiday_name(day, "en") or "off"
    return f"| {day} | {_WEEK[day.weekday()]} | {what} |"
