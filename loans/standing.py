"""How an installment stands for its borrower today, in words, a tone and a shape. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext, ngettext

from loans.models import Installment

SOON: Final = 7
"""From so many days before the due date on, an installment is spoken of as due, not as planned."""

State = Installment.State


class Key(StrEnum):
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    AWAITING_BANK = "awaiting_bank"
    DISPUTED = "disputed"
    HELD = "held"
    OVERDUE = "overdue"
    DUE_TODAY = "due_today"
    DUE_SOON = "due_soon"
    PLANNED = "planned"


_TONES: Final = {
    Key.SETTLED: "good",
    Key.AWAITING_BANK: "good",
    Key.DISPUTED: "warn",
    Key.HELD: "warn",
    Key.OVERDUE: "danger",
    Key.DUE_TODAY: "warn",
}
_ICONS: Final = {
    Key.SETTLED: "check",
    Key.WITHDRAWN: "cross",
    Key.AWAITING_BANK: "waiting",
    Key.DISPUTED: "pause",
    Key.HELD: "bank",
    Key.OVERDUE: "danger",
    Key.DUE_TODAY: "bell",
    Key.DUE_SOON: "clock",
    Key.PLANNED: "calendar",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """`sentence` says in the active language what `tone` (good, warn, danger or none) and `icon` only repeat.

    `days` to the due date, negative once it has passed.
    """

    key: Key
    sentence: str
    days: int

    @property
    def tone(self) -> str:
        return _TONES.get(self.key, "")

    @property
    def icon(self) -> str:
        """The symbol of static/icons.svg."""
        return _ICONS[self.key]


def standing(installment: Installment, today: date, *, disputed: bool = False, held: bool = False) -> Standing:
    """The standing of one installment. `today` is the borrower's day; `disputed`: a dispute about it is undecided;
    `held`: an outage keeps it from counting as late.
    """
    days = (installment.due_on - today).days
    key = _key(installment, days, disputed=disputed)
    if key is Key.OVERDUE and held:
        key = Key.HELD
    return Standing(key, _sentence(key, days), days)


def _key(installment: Installment, days: int, *, disputed: bool) -> Key:
    if installment.is_waived:
        return Key.WITHDRAWN
    if installment.state != State.OPEN:
        return Key(installment.state)
    if disputed:
        return Key.DISPUTED
    if days < 0:
        return Key.OVERDUE
    if days == 0:
        return Key.DUE_TODAY
    return Key.DUE_SOON if days <= SOON else Key.PLANNED


def _sentence(key: Key, days: int) -> str:
    if key is Key.OVERDUE:
        return ngettext("Overdue by %(days)s day", "Overdue by %(days)s days", -days) % {"days": -days}
    if days == 1 and key is Key.DUE_SOON:
        return gettext("Due tomorrow")
    if key in {Key.DUE_SOON, Key.PLANNED}:
        return ngettext("Due in %(days)s day", "Due in %(days)s days", days) % {"days": days}
    return {
        Key.SETTLED: gettext("Paid"),
        Key.WITHDRAWN: gettext("No longer to be paid"),
        Key.AWAITING_BANK: gettext("Paid, waiting for the bank"),
        Key.DISPUTED: gettext("You told us something is wrong"),
        Key.HELD: gettext("Not late: paying did not work"),
        Key.DUE_TODAY: gettext("Due today"),
    }[key]
