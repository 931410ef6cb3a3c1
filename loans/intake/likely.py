"""What can be true of a payment of a loan, by the loan's own figures and days, and what cannot. Pure.

Bounds hang on facts alone, never on what came first: the widest that any word on the schedule or the agreement allows,
so that no later word takes back what was true by an earlier one. Within them a figure may still be wrong: they keep out
the slip of a decimal point and the wrong year, so that nobody is told of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from loans.intake.account import Account, Spoken, heard_at
from loans.intake.records import Code, LoanRecord
from loans.models import Installment, Loan, StatementLine

Day = TypeVar("Day", date, datetime)
TIMES: Final = 2
"""Of all that a loan comes to, in one payment: whoever pays it off twice by mistake stays within."""
BEFORE_THE_LOAN: Final = timedelta(days=31)
"""A buyer may pay the first rate in the shop, and the bank pay the shop at the end of the month."""
LONGEST_PERIOD: Final = timedelta(days=366)
"""By its periods a loan is counted back whose day of disbursement nobody says: the first may be the seventh, where a
sender leaves out what is paid."""
_MOST_PERIODS: Final = 40
_LARGEST: Final = Decimal("999999999999999.999")
"""What a column of money holds."""
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
    """Of the loan as it stands, and of all that was ever said of it: its principal counts, too, for a schedule may have
    been cut to what is left of it.
    """
    whole, first = _standing(account.loan, account.in_force)
    most = max(whole, account.loan.most_said or Decimal(0))
    return Bounds(most * TIMES if most else None, earliest(account.loan.first_said, first))


def widen(account: Account, record: LoanRecord) -> bool:
    """Let the loan remember what this record of it allows, whether or not it makes figures; returns whether that is
    more. To be done before the record does so: of a loan that remembers nothing yet, what it allowed so far counts.
    """
    loan = account.loan
    most, first = _whole(record), _first_day_by(record)
    if loan.most_said is None:
        standing = _standing(loan, account.schedule())
        if loan.pk and (most, first) == standing:
            return False  # a book from before need not be written anew by a file that changes nothing
        most, first = max(most, standing[0]), earliest(first, standing[1])
    said = (min(max(most, loan.most_said or Decimal(0)), _LARGEST), earliest(first, loan.first_said))
    if (loan.most_said, loan.first_said) == said:
        return False
    loan.most_said, loan.first_said = said
    return True


def is_out_of_order(record: LoanRecord) -> bool:
    """Whether the first rate would be due before the loan was paid out: the day of that is then not gone by."""
    day = record.disbursed_on
    return day is not None and any(row.due_on <= day for row in record.installments)


def _standing(loan: Loan, rows: Sequence[Installment]) -> tuple[Decimal, date | None]:
    """What the loan comes to by its figures of now, and the first day of which a payment may be."""
    first = rows[0] if rows else None
    day = _first_day(loan.disbursed_on, first.due_on if first else None, first.number if first else 1)
    return max(loan.principal, sum((row.total for row in rows), Decimal(0))), day


def _whole(record: LoanRecord) -> Decimal:
    return max(record.principal, sum((row.total for row in record.installments), Decimal(0)))


def _first_day_by(record: LoanRecord) -> date | None:
    """A schedule alone does not say when its loan was paid out, and is no reason to believe less of who did."""
    first = min(record.installments, key=lambda row: (row.due_on, row.number), default=None)
    if first and record.borrower is None and record.disbursed_on is None:
        return first.due_on - BEFORE_THE_LOAN
    return _first_day(record.disbursed_on, first.due_on if first else None, first.number if first else 1)


def _first_day(disbursed_on: date | None, due_on: date | None, number: int) -> date | None:
    """The first day of which a payment may be, where the first rate is this number and due then."""
    if disbursed_on and (due_on is None or disbursed_on < due_on):
        return disbursed_on - BEFORE_THE_LOAN
    return due_on - LONGEST_PERIOD * min(number, _MOST_PERIODS) if due_on else None


def earliest(*moments: Day | None) -> Day | None:
    """Of those that are known."""
    return min((moment for moment in moments if moment), default=None)


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
    reversed_at: datetime | None
    arrived: bool
    named_at: datetime


def believed(words: Iterable[Spoken], bounds: Bounds) -> Mapping[int, Said]:
    """What each partner says, by its id: of its words that can be true the latest holds, taken back if one says so, and
    arrived if one does.
    """
    able: dict[int, list[Spoken]] = {}
    for spoken in words:
        ahead = is_ahead(spoken.word.paid_on, spoken.moment.received_at)
        if not ahead and bounds.doubt(spoken.word.amount, spoken.word.paid_on) is None:
            able.setdefault(spoken.word.partner_id, []).append(spoken)
    return {partner_id: _together(spoken) for partner_id, spoken in able.items()}


def _together(spoken: list[Spoken]) -> Said:
    last = max(spoken, key=lambda one: one.moment).word
    taken_back, arrived = (any(getattr(one.word, name) for one in spoken) for name in ("reversed", "arrived"))
    taken_back_at = earliest(*(one.word.reversed_at for one in spoken))
    named_at = min(one.word.named_at for one in spoken)
    return Said(last.amount, last.paid_on, last.number, taken_back, taken_back_at, arrived, named_at)
