"""What is not of the day that it is: time has passed by reminders whose due day is over, and stages after which a later
one has begun; of what is told as overdue the due day may not be over.

Planning takes back what a later stage follows. After a downtime senders and ladders may be at work before it: they ask
the calendar themselves, so that nobody is told a stage of yesterday and that of today a minute later, and nobody's case
comes to a person for want of a message that was never tried.

A day is the borrower's own. Where somebody's time zone moves back over midnight, or their clocks do, what was planned
as overdue is due today again, until that day is over.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection

from accounts.models.user import zone_of
from loans.models import Loan
from notifications.models import LeadPlan, Prompt
from notifications.needed import ALL_NAMED, KINDS, stands
from notifications.slots import Plan, plan_of
from notifications.timing import at_local, local_day

DUE_DAY_OVER: Final = "its due day is over"
OVERTAKEN: Final = "overtaken by a later stage"
STAGED: Final = frozenset({Prompt.Kind.UPCOMING, Prompt.Kind.OVERDUE})
_NAMED: Final = f"""
SELECT told.id, prompt.kind, prompt.stage, installment.due_on, borrower.time_zone,
       loan.product, loan.bank_id, loan.platform_id {ALL_NAMED}
JOIN loans_loan AS loan ON loan.id = installment.loan_id
JOIN accounts_user AS borrower ON borrower.id = prompt.borrower_id
WHERE prompt.kind = ANY(%(staged)s) AND {stands("prompt", "installment")}
"""


class _Named(NamedTuple):
    """An installment that a message names and that is owed as it says."""

    leading_id: int
    kind: str
    stage: int
    due_on: date
    time_zone: str
    product: str
    bank_id: int
    platform_id: int | None


class OffTheirDay(NamedTuple):
    """Leading prompts that are not of the day that it is. `past`: those that time has passed by, each with why.
    `early`: those of which nothing is overdue yet, each with the moment, UTC, when it will be.
    """

    past: dict[int, str]
    early: dict[int, datetime]


def may_be_off_its_day(kind: str, stage: int, due_on: date, today: date) -> bool:
    """Whether its day is over, after which a later stage may have begun, or the due day be over, or whether what it
    tells as overdue is not; `today` is the borrower's. False on nearly all that goes out, for which then nothing has to
    be looked up.
    """
    days = (due_on - today).days
    return days < stage if kind == Prompt.Kind.UPCOMING else kind in STAGED and not 0 < -days <= stage


def passed_by(leading_ids: Collection[int], *, now: datetime) -> dict[int, str]:
    """`off_their_day`, the past alone."""
    return off_their_day(leading_ids, now=now).past


def off_their_day(leading_ids: Collection[int], *, now: datetime) -> OffTheirDay:
    """Of these prompts those that are not of the day that it is: all that their message names, where any of it is still
    owed. At most two queries.
    """
    named: dict[int, list[_Named]] = {}
    for row in _named(leading_ids, now) if leading_ids else ():
        named.setdefault(row.leading_id, []).append(row)
    own = list(LeadPlan.objects.all()) if named else []
    reasons = {pk: {_why(one, own, now) for one in rows} for pk, rows in named.items()}
    past = {pk: min(why) for pk, why in reasons.items() if "" not in why}
    return OffTheirDay(past, {pk: min(map(_late_from, rows)) for pk, rows in named.items() if _is_early(rows, now)})


def _is_early(rows: Sequence[_Named], now: datetime) -> bool:
    return all(one.kind == Prompt.Kind.OVERDUE and now < _late_from(one) for one in rows)


def _late_from(one: _Named) -> datetime:
    """When its due day is over. Where clocks go back over midnight, it is so for good the second time."""
    return at_local(one.due_on + timedelta(days=1), time.min, zone_of(one.time_zone)[0], last=True)


def _named(leading_ids: Collection[int], now: datetime) -> list[_Named]:
    parameters: dict[str, Any] = {"ids": list(leading_ids), "staged": list(STAGED), "now": now, **KINDS}
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, parameters)
        return [_Named._make(row) for row in cursor.fetchall()]


def _why(one: _Named, own: Iterable[LeadPlan], now: datetime) -> str:
    days = (one.due_on - local_day(now, zone_of(one.time_zone)[0])).days
    if one.kind == Prompt.Kind.UPCOMING and days < 0:
        return DUE_DAY_OVER
    return OVERTAKEN if _is_overtaken(one, _plan(one, own), days) else ""


def _plan(one: _Named, own: Iterable[LeadPlan]) -> Plan:
    return plan_of(Loan(product=one.product, bank_id=one.bank_id, platform_id=one.platform_id), own)


def _is_overtaken(one: _Named, plan: Plan, days: int) -> bool:
    """Whether a stage of the plan lies between its own and the day that it is, `days` before the due date."""
    if one.kind == Prompt.Kind.UPCOMING:
        return any(days <= lead < one.stage for lead in plan.leads)
    return any(one.stage < stage <= -days for stage in plan.stages)
