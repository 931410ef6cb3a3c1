"""What can be true of a payment of a loan, by the loan's own figures and days, and what cannot. Pure.

Bounds hang on facts alone, the schedule and the agreement as they stand now, never on what came first. Within them a
figure may still be wrong: they keep out the slip of a decimal point and the wrong year, so that nobody is told of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from loans.intake.account import Account, Spoken, heard_at
from loans.intake.records import Code
from loans.models import StatementLine

TIMES: Final = 2
"""Of all that a loan comes to, in one payment: whoever pays it off twice by mistake stays within."""
BEFORE_THE_LOAN: Final = timedelta(days=31)
"""A buyer may pay the first rate in the shop, and the bank pay the shop at the end of the month."""
LONGEST_PERIOD: Final = timedelta(days=366)
"""By its periods a loan is counted back whose day of disbursement nobody says: the first may be the seventh, where a
sender leaves out what is paid."""
_MOST_PERIODS: Final = 40
AHEAD: Final = timedelta(days=1)
"""It may be tomorrow where the payer is."""
BOOKED_AHEAD: Final = timedelta(days=10)
"""A bank that is closed dates its bookings for the day on which it opens; the longest holidays have nine days off."""


class Doubt(NamedTuple):
    """Why something cannot be true: a code for programs, a reason for people."""

    code: Code
    reason: str


TOO_MUCH: Final = Doubt(Code.IMPLAUSIBLE_AMOUNT, "more than twice what the whole loan comes to")
TOO_EARLY: Final = Doubt(Code.IMPLAUSIBLE_DATE, "dated before there was such a loan")
TOO_LATE: Final = Doubt(Code.IMPLAUSIBLE_DATE, "dated after the day on which it was reported")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one loan: the largest payment and the first day that it may have; None where nothing is known to go by."""

    most: Decimal | None
    first: date | None

    def doubt(self, amount: Decimal, day: date | None) -> Doubt | None:
        """Why a payment of this amount and day cannot be one of the loan's, if so."""
        if self.most is not None and amount > self.most:
            return TOO_MUCH
        return TOO_EARLY if self.first and day and day < self.first else None

    def doubt_of_line(self, line: StatementLine) -> Doubt | None:
        """Why a bank's line cannot be for the loan; what it is dated ahead is judged by when its report came."""
        if line.booked_on and is_ahead(line.booked_on, heard_at(line), BOOKED_AHEAD):
            return TOO_LATE
        return self.doubt(line.amount, line.booked_on or line.valued_on)


def bounds_of(account: Account) -> Bounds:
    """Of the loan as it stands: its principal counts, too, for a schedule may have been cut to what is left of it."""
    rows = account.in_force
    whole = max(account.loan.principal, sum((row.total for row in rows), Decimal(0)))
    if account.loan.disbursed_on:
        first: date | None = account.loan.disbursed_on - BEFORE_THE_LOAN
    else:
        first = rows[0].due_on - LONGEST_PERIOD * min(rows[0].number, _MOST_PERIODS) if rows else None
    return Bounds(whole * TIMES if whole else None, first)


def is_ahead(day: date, reported_at: datetime, by: timedelta = AHEAD) -> bool:
    """Whether a day had not come yet, anywhere, when it was reported as past."""
    return day - by > reported_at.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Said:
    """What one partner's words on a payment come to, as far as they can be true; fields as of PaymentWord."""

    amount: Decimal
    paid_on: date
    number: int | None
    reversed: bool
    arrived: bool
    as_of: datetime


def believed(words: Iterable[Spoken], bounds: Bounds) -> Mapping[int, Said]:
    """What each partner says, by its id: of its words that can be true the latest holds, taken back if one says so, and
    arrived if one does.
    """
    able: dict[int, list[Spoken]] = {}
    for spoken in words:
        if bounds.doubt(spoken.word.amount, spoken.word.paid_on) is None:
            able.setdefault(spoken.word.partner_id, []).append(spoken)
    return {partner_id: _together(spoken) for partner_id, spoken in able.items()}


def _together(spoken: list[Spoken]) -> Said:
    last = max(spoken, key=lambda one: one.moment).word
    taken_back, arrived = (any(getattr(one.word, name) for one in spoken) for name in ("reversed", "arrived"))
    return Said(last.amount, last.paid_on, last.number, taken_back, arrived, last.as_of)
