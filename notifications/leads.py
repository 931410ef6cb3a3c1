"""Leads and stages as a partner writes them: the days around a due date on which its borrowers are told."""

import re
from typing import Final

from django.utils.translation import gettext as _

from notifications.calendar import OVERDUE_WINDOW

LONGEST_LEAD: Final = 60
"""Days. Who is told earlier has forgotten it by then, and most loans have an installment in between."""


class LeadsError(ValueError):
    """Leads or stages that cannot be followed. The text is for whoever wrote them: what is wrong, and an example."""


def parse_leads(text: str) -> tuple[int, ...]:
    """Read `7,3,1,0`: days before the due date, 0 to LONGEST_LEAD, descending, down to 0. Raises LeadsError.

    0, the due day, must be there: a loan that comes in on its due day would not be told at all.
    """
    leads = _read(text, 0, LONGEST_LEAD, "7,3,1,0")
    if list(leads) != sorted(set(leads), reverse=True):
        raise LeadsError(_("Write the days from the longest down to 0, each once, such as 7,3,1,0."))
    if leads[-1] != 0:
        raise LeadsError(_("The last number must be 0: the due day itself is always told."))
    return leads


def parse_stages(text: str) -> tuple[int, ...]:
    """Read `1,3,7`: days after the due date, 1 to OVERDUE_WINDOW, ascending. Raises LeadsError."""
    stages = _read(text, 1, OVERDUE_WINDOW, "1,3,7")
    if list(stages) != sorted(set(stages)):
        raise LeadsError(_("Write the days from the shortest to the longest, each once, such as 1,3,7."))
    return stages


def _read(text: str, least: int, most: int, example: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\s*[0-9]{1,3}\s*(,\s*[0-9]{1,3}\s*)*", text):
        raise LeadsError(
            _("Write whole numbers of days with commas in between, such as %(example)s.") % {"example": example}
        )
    numbers = tuple(int(number.strip()) for number in text.split(","))
    for number in numbers:
        if not least <= number <= most:
            words = _("%(number)s is not a number of days from %(least)s to %(most)s.")
            raise LeadsError(words % {"number": number, "least": least, "most": most})
    return numbers
