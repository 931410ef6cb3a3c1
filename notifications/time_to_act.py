"""Until when a person who is put on a case has to act: while there is time for it, on a day on which people work."""

from datetime import date, datetime, timedelta
from typing import Final

from accounts.models import User
from loans.models import Installment
from notifications.calendar import end_of_due_day
from notifications.clock import Clock
from notifications.models import Prompt
from notifications.slots import working_days
from notifications.timing import at_local, local_day

PERSON_TAKES: Final = timedelta(hours=4)
"""What a person gets to act in at least, while there is a day that leaves it."""


def time_to_act(prompt: Prompt, clock: Clock) -> datetime:
    """The close of contact hours on the last working day, else on the day before the due date, else on the due day:
    the first of them that leaves a person time, and those first on which people work. After all of them, in the night
    of the due day, its end. Where no due date is to be saved, the first close on a working day that leaves that time.
    """
    return _within(_last_days(prompt), prompt.kind, prompt.borrower, clock)


def time_to_tell(installment: Installment, borrower: User, clock: Clock) -> datetime:
    """The same of what its `borrower` is to be told of at once; no due date is to be saved once it is over."""
    due_on = installment.due_on
    is_over = due_on < local_day(clock.now, borrower.zone)
    return _within([] if is_over else [due_on - timedelta(days=1), due_on], Prompt.Kind.OVERDUE, borrower, clock)


def _within(last_days: list[date], kind: str, borrower: User, clock: Clock) -> datetime:
    soonest = clock.now + PERSON_TAKES
    zone = borrower.zone
    working = working_days(borrower.jurisdiction, zone)
    first = working.next_working_day(local_day(clock.now, zone) - timedelta(days=1))
    days = last_days or [first, working.next_working_day(first)]
    days.sort(key=lambda day: not working.is_working_day(day))
    closes = clock.hours_for(borrower.jurisdiction, kind, zone)[0].closes
    ends = [at_local(day, closes, zone) for day in days]
    last = next((end for end in ends if end >= soonest), max(ends))
    return last if last > clock.now else max(clock.now, end_of_due_day(max(days), zone))


def _last_days(prompt: Prompt) -> list[date]:
    """On which the due date can still be saved, in the order of `time_to_act`; none where there is none to save."""
    if prompt.kind != Prompt.Kind.UPCOMING and (prompt.kind != Prompt.Kind.PAYMENT_RETURNED or not prompt.deadline):
        return []
    last_days = [local_day(prompt.deadline, prompt.borrower.zone)] if prompt.deadline else []
    due_on = prompt.installment.due_on if prompt.installment else None
    return [*last_days, due_on - timedelta(days=1), due_on] if due_on else last_days
