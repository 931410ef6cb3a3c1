"""Whether a firm's word about a prompt that is not planned can still count, and if not, why. Pure, but for plans.

`duty_statements` says when a word counts: it was sent on the day of its stage or later, or, where it names the stage,
at most a day early. A stage that is over is not planned any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from loans.intake.news import Kept
from loans.models import Installment, Loan
from notifications import calendar
from notifications.models import LeadPlan, Prompt
from notifications.slots import Plan, plan_of, working_days
from notifications.timing import at_local

TOO_EARLY: Final = Kept(
    "sent before its stage began, so it does not count: tell the borrower when the stage begins, and report that",
    "too_early",
)
OVER: Final = Kept("the stage that it was sent for is over", "too_late")
NO_STAGE: Final = Kept("nothing is told so many days from the due date, so it does not count", "no_such_stage")
OTHER_FIGURES: Final = Kept(
    "sent before the period's figures changed, so it does not count: tell the borrower the new ones, and report that",
    "other_figures",
)
_EARLY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stages:
    """The days of one kind of prompt about an installment: `days` from the due date to each stage, in their order."""

    days: Sequence[int]
    due_on: date
    zone: ZoneInfo
    jurisdiction: str
    upcoming: bool

    @classmethod
    def of(cls, installment: Installment, kind: str, plan: Plan) -> Self:
        upcoming, borrower = kind == Prompt.Kind.UPCOMING, installment.loan.borrower
        days = plan.leads if upcoming else plan.stages
        return cls(days, installment.due_on, borrower.zone, borrower.jurisdiction, upcoming)

    def begins(self, stage: int) -> datetime:
        """At midnight where the borrower is."""
        day = self.due_on + timedelta(days=stage)
        if self.upcoming:
            day = calendar.opens_on(self.due_on, stage, self.days, working_days(self.jurisdiction, self.zone))
        return at_local(day, time.min, self.zone)

    def ends(self) -> datetime:
        """After it nothing of the kind is planned."""
        days = 1 if self.upcoming else calendar.OVERDUE_WINDOW + 1
        return at_local(self.due_on + timedelta(days=days), time.min, self.zone)

    def reached(self, at: datetime) -> int | None:
        """The latest stage that had begun; None before the first."""
        return next((stage for stage in reversed(self.days) if self.begins(stage) <= at), None)


def why_not(stages: Stages, named: int | None, sent_at: datetime, now: datetime) -> Kept | None:
    """Why a word that was sent then, for the stage that it names if it names one, counts for nothing that is planned
    from now on; None where it does.
    """
    current = stages.reached(now)
    if now >= stages.ends():
        return OVER
    if named is None:
        if current is not None and sent_at >= stages.begins(current):
            return None
        return TOO_EARLY if stages.reached(sent_at) is None else OVER
    if named not in stages.days:
        return NO_STAGE
    if current is not None and stages.days.index(named) < stages.days.index(current):
        return OVER
    return TOO_EARLY if sent_at < stages.begins(named) - _EARLY else None


def changed_since(installment: Installment, sent_at: datetime) -> bool:
    """Its figures became others after the word was sent."""
    return installment.version > 1 and sent_at < installment.known_at


def plans_for(loans: Iterable[Loan]) -> Mapping[int, Plan]:
    """The plan of leads of each loan, by its id."""
    rows = list(LeadPlan.objects.all())
    return {loan.pk: plan_of(loan, rows) for loan in loans}
