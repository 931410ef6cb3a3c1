"""Which rule says who has to send a prompt, and until when a firm may report that it did. Pure, but for reading rules.

`duty_statements` has the same as SQL, for a day's plan; a property holds the two to the same answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

from loans.models import Loan, Partner
from notifications import calendar
from notifications.clock import Clock
from notifications.models import Prompt, Responsibility, Sender
from notifications.slots import Slot, working_days
from notifications.timing import at_local, lawful_moment


@dataclass(frozen=True, slots=True)
class Assigned:
    """The firms of one loan that have to send a kind of prompt, with the hours that each has. Never the portal."""

    rule: Responsibility
    responsible: Partner
    hours: int
    backup: Partner | None
    backup_hours: int


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules that hold at one moment."""

    rows: Sequence[Responsibility]

    @classmethod
    def at(cls, now: datetime) -> Self:
        return cls(list(Responsibility.objects.in_force(now)))

    def of(self, loan: Loan, kind: str) -> Assigned | None:
        """Who sends this kind of prompt about `loan`, read with its firms; None: the portal, from the first moment on.

        So it is, too, where the rule names a platform and the loan has none.
        """
        rule = most_specific(self.rows, loan, kind)
        firms = {Sender.BANK.value: loan.bank, Sender.PLATFORM.value: loan.platform}
        responsible = firms.get(rule.responsible) if rule else None
        if rule is None or responsible is None:
            return None
        backup = firms.get(rule.backup)
        return Assigned(rule, responsible, rule.hours, backup, rule.backup_hours if backup else 0)


def most_specific(rules: Iterable[Responsibility], loan: Loan, kind: str) -> Responsibility | None:
    """One for the loan before one for firms; then one that names the product, one that names the kind, one for both
    firms, for the platform, for the bank; of two alike the later one.
    """
    return min((rule for rule in rules if _fits(rule, loan, kind)), key=_order, default=None)


def _fits(rule: Responsibility, loan: Loan, kind: str) -> bool:
    if rule.kind not in {"", kind}:
        return False
    if rule.loan_id is not None:
        return rule.loan_id == loan.pk
    firms = rule.bank_id in {None, loan.bank_id} and rule.platform_id in {None, loan.platform_id}
    return firms and rule.product in {"", loan.product}


def _order(rule: Responsibility) -> tuple[object, ...]:
    general = (rule.loan_id is None, not rule.product, not rule.kind, rule.platform_id is None, rule.bank_id is None)
    return (*general, -rule.valid_from.timestamp(), -rule.pk)


@dataclass(frozen=True, slots=True)
class Times:
    """The moments of a duty, UTC; as in the model."""

    report_by: datetime
    portal_at: datetime
    counts_from: datetime
    stands_until: datetime
    needs_proof: bool


def times_of(kind: str, slot: Slot, hours: int, backup_hours: int, clock: Clock) -> Times:
    """What a firm with so many hours, and another after it, gets in a slot of the calendar.

    At most half of the time until an unreached borrower goes to a person, and nothing beyond the stage's own day: the
    portal's channels need the rest.
    """
    place, moment = slot.place, slot.at.moment
    begins, ends = lasts(kind, slot)
    wanted = timedelta(hours=hours + backup_hours) * clock.pace
    whole = min(wanted, (slot.at.deadline - moment) / 2)
    open_hours, _rule = clock.hours_for(place.jurisdiction, kind, place.zone)
    latest = min(slot.at.deadline, ends)
    portal_at = lawful_moment(moment + whole, now=moment, zone=place.zone, hours=open_hours, latest=latest).at
    report_by = min(moment + whole * hours / (hours + backup_hours), portal_at) if backup_hours else portal_at
    # A stage that is planned before its day may be told as soon as its firm knows of it.
    return Times(report_by, portal_at, min(begins, clock.now), ends, _needs_proof(kind, slot))


def lasts(kind: str, slot: Slot) -> tuple[datetime, datetime]:
    """When the slot's stage begins and the next one does, at midnight where the borrower is."""
    due_on, stage, leads = slot.at.due_on, slot.at.stage, slot.plan.leads
    if kind == Prompt.Kind.UPCOMING:
        days = working_days(slot.place.jurisdiction, slot.place.zone)
        first = calendar.opens_on(due_on, stage, leads, days)
        last = due_on - timedelta(days=max((lead for lead in leads if lead < stage), default=-1))
    else:
        later = min((later for later in slot.plan.stages if later > stage), default=calendar.OVERDUE_WINDOW)
        first, last = due_on + timedelta(days=stage), due_on + timedelta(days=later)
    begins, ends = (at_local(day, time.min, slot.place.zone) for day in (first, last))
    return begins, ends


def _needs_proof(kind: str, slot: Slot) -> bool:
    """Whether the stage is the last before the due date, the due day's own, or the last after it."""
    if kind == Prompt.Kind.UPCOMING:
        return slot.at.stage <= min((lead for lead in slot.plan.leads if lead), default=0)
    return slot.at.stage >= max(slot.plan.stages)
