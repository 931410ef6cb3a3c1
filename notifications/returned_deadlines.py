"""Until when somebody has to be told that their payment came back, where what it was for falls due now.

Of an installment that is owed again at its stage of before nothing else is told: the news of the return is its
reminder, and has its deadline.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.models.user import zone_of
from loans.models import Installment, Payment
from notifications.calendar import deadline, last_day_to_act
from notifications.clock import Clock
from notifications.models import Prompt
from notifications.slots import working_days
from notifications.timing import lawful_moment, local_day

DAY: Final = timedelta(days=1)


class Due(NamedTuple):
    """A payment that came back, and when what is to be paid again falls due, in whose calendar."""

    payment_id: int
    due_on: date | None
    time_zone: str
    jurisdiction: str


def deadlines_of(payment_ids: Sequence[int], clock: Clock) -> dict[int, datetime]:
    """By payment, in UTC; none where there is time for the usual waits, or none any more. One query."""
    found = ((due.payment_id, _deadline(due, clock)) for due in _dues(payment_ids, clock.now.date()))
    return {pk: ends for pk, ends in found if ends}


def _dues(payment_ids: Sequence[int], today: date) -> Iterator[Due]:
    """What a payment was for that names no installment is what its loan owes next. `today` is that of UTC."""
    owed = Installment.objects.filter(loan=OuterRef("loan"), state=Installment.State.OPEN, due_on__gte=today - DAY)
    following = Subquery(owed.order_by("due_on").values("due_on")[:1])
    came_back = Payment.objects.filter(Q(installment=None) | Q(installment__state=Installment.State.OPEN))
    rows = came_back.filter(pk__in=payment_ids).annotate(owed_on=Coalesce("installment__due_on", following))
    people = rows.values_list("pk", "owed_on", "loan__borrower__time_zone", "loan__borrower__jurisdiction")
    return (Due(*row) for row in people)


def _deadline(due: Due, clock: Clock) -> datetime | None:
    """That of a reminder, where the last day to act on comes no later than tomorrow. The night may hold it, and so much
    later its channels have their time.
    """
    zone = zone_of(due.time_zone)[0]
    days = working_days(due.jurisdiction, zone)
    hours, _rule = clock.hours_for(due.jurisdiction, Prompt.Kind.PAYMENT_RETURNED, zone)
    moment = lawful_moment(clock.now, now=clock.now, zone=zone, hours=hours).at
    day = local_day(moment, zone)
    if due.due_on is None or due.due_on < day:
        return None
    stage = (due.due_on - day).days
    if last_day_to_act(due.due_on, stage, days) > day + DAY:
        return None
    return deadline(due.due_on, stage, zone, moment, days, hours)
