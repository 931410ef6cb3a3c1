"""Gives notice before an adverse report: each overdue installment that nothing speaks for is announced, once a version.

China: Credit Reporting Regulation (State Council Order 631), article 15: who provides adverse information to a bureau
tells the person beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from loans.models import Dispute, Installment, Loan
from notifications.clock import Clock
from notifications.models import Prompt
from notifications.planning import plan_installments
from notifications.timing import local_day

LONGEST: Final = 365
_UNPAID: Final = (Installment.State.OPEN, Installment.State.AWAITING_BANK)


@dataclass(frozen=True, slots=True)
class Refused:
    """No notice was given about this installment or, with no `number`, this loan. `why` is in the active language."""

    loan: str
    number: int | None
    why: str

    def __str__(self) -> str:
        return f"{self.loan}: {self.why}" if self.number is None else f"{self.loan}/{self.number}: {self.why}"


@dataclass(slots=True)
class Notices:
    """How many installments are announced, and which are not."""

    given: int = 0
    refused: list[Refused] = field(default_factory=list)


@transaction.atomic
def give_prior_notice(loans: Sequence[Loan], clock: Clock, *, days: int) -> Notices:
    """Plan a notice about each overdue open installment of `loans`: no report before `days` days are over.

    Refused, each with its reason: what is paid at the platform and awaits the bank, what is disputed, what was
    announced before; and a loan of which nothing is overdue. Raises ValueError for days outside 1 to LONGEST. The
    caller wakes the senders on commit.
    """
    if not 1 <= days <= LONGEST:
        raise ValueError(f"Notice is given 1 to {LONGEST} days before, not {days}.")
    notices = Notices()
    overdue = _overdue(loans, clock.now)
    for loan in loans:
        if not any(one.loan_id == loan.pk for one in overdue):
            notices.refused.append(Refused(loan.external_id, None, _("nothing of it is overdue")))
    reasons = _reasons(overdue)
    for one in overdue:
        if one.pk in reasons:
            notices.refused.append(Refused(one.loan.external_id, one.number, reasons[one.pk]))
    free = [one.pk for one in overdue if one.pk not in reasons]
    if free:
        notices.given = plan_installments(Prompt.Kind.PRIOR_NOTICE, free, clock, stage=days)
    return notices


def _overdue(loans: Sequence[Loan], now: datetime) -> list[Installment]:
    """Those unpaid whose due date has passed where their borrower is."""
    unpaid = Installment.objects.filter(loan__in=loans, state__in=_UNPAID).select_related("loan__borrower")
    return [
        one
        for one in unpaid.order_by("loan__external_id", "number")
        if one.due_on < local_day(now, one.loan.borrower.zone)
    ]


def _reasons(installments: Sequence[Installment]) -> dict[int, str]:
    """Why there is none about these, by id."""
    reasons: dict[int, str] = {}
    ids = [one.pk for one in installments]
    disputes = list(Dispute.objects.holding(ids).values_list("loan_id", "installment_id")) if ids else []
    earlier = Prompt.objects.about_installments(ids).filter(kind=Prompt.Kind.PRIOR_NOTICE)
    given = set(earlier.exclude(status=Prompt.Status.CANCELLED).values_list("installment_id", "version"))
    for one in installments:
        if one.state == Installment.State.AWAITING_BANK:
            reasons[one.pk] = _("it is paid at the platform and awaits the bank")
        elif any(loan == one.loan_id and about in {None, one.pk} for loan, about in disputes):
            reasons[one.pk] = _("its borrower disputes it, and the dispute is not decided")
        elif (one.pk, one.version) in given:
            reasons[one.pk] = _("notice was given before")
    return reasons
