"""Gives notice before an adverse report: each overdue installment that nothing speaks for is announced, once a version.

China: Credit Reporting Regulation (State Council Order 631), article 15: who provides adverse information to a bureau
tells the person beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loans.models import Dispute, Installment, Loan, OutageHold
from notifications.clock import Clock
from notifications.in_doubt import held_by_doubt
from notifications.models import AgentTask, Prompt
from notifications.planning import plan_installments
from notifications.planning_calendar import plan_alone
from notifications.policy import Purpose, When
from notifications.policy_files import policy_for
from notifications.report_day import days_promised
from notifications.timing import lawful_moment, local_day

KIND: Final = Prompt.Kind.PRIOR_NOTICE
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
    """Plan a notice about each overdue open installment of `loans`: no report before `days` days are over, counted from
    when it is first told (`report_day`).

    It is told within the contact hours that hold for it. Refused, each with its reason: what is paid at the platform
    and awaits the bank, what is disputed, in doubt or held by an outage, what was announced before (with as many days
    also where that was taken back), what the law of its borrower announces earlier; and a loan of which nothing is
    overdue. Raises ValueError for days outside 1 to LONGEST.
    The caller wakes the senders on commit.
    """
    if not 1 <= days <= LONGEST:
        raise ValueError(f"Notice is given 1 to {LONGEST} days before, not {days}.")
    notices = Notices()
    # Who plans at the same time would leave out what this has planned, also where that leads a message for several:
    # the others would wait for one that is not there.
    plan_alone(KIND)
    overdue = _overdue(loans, clock.now)
    for loan in loans:
        if not any(one.loan_id == loan.pk for one in overdue):
            notices.refused.append(Refused(loan.external_id, None, _("nothing of it is overdue")))
    reasons = _too_short(overdue, clock.now, days) | _taken_back(overdue, days) | _reasons(overdue, clock.now)
    for one in overdue:
        if one.pk in reasons:
            notices.refused.append(Refused(one.loan.external_id, one.number, reasons[one.pk]))
    notices.given = _plan([one for one in overdue if one.pk not in reasons], clock, days)
    return notices


def _plan(installments: Sequence[Installment], clock: Clock, days: int) -> int:
    """Those of one law and time zone are told at one moment."""
    together: dict[tuple[str, ZoneInfo], list[int]] = {}
    for one in installments:
        together.setdefault((one.loan.borrower.jurisdiction, one.loan.borrower.zone), []).append(one.pk)
    given = 0
    for (jurisdiction, zone), ids in together.items():
        hours, rule = clock.hours_for(jurisdiction, KIND, zone)
        moment = lawful_moment(clock.now, now=clock.now, zone=zone, hours=hours).at
        held_by = rule if moment > clock.now else ""
        given += plan_installments(KIND, ids, clock, stage=days, moment=moment, held_by=held_by)
    return given


def _too_short(installments: Sequence[Installment], now: datetime, days: int) -> dict[int, str]:
    """Why so few days are not enough, by id, where the law of the borrower asks for more."""
    reasons: dict[int, str] = {}
    for one in installments:
        borrower = one.loan.borrower
        policy = policy_for(borrower.jurisdiction, Purpose.STATUTORY, local_day(now, borrower.zone))
        asked = policy.notice("adverse_report")
        if asked and asked.when is When.BEFORE and days < asked.days:
            words = ngettext(
                "the law asks for notice %(days)d day before (%(source)s)",
                "the law asks for notice %(days)d days before (%(source)s)",
                asked.days,
            )
            reasons[one.pk] = words % {"days": asked.days, "source": asked.citation.source}
    return reasons


def _taken_back(installments: Sequence[Installment], days: int) -> dict[int, str]:
    """Why not with so many days, by id: each is announced once, a version, so that nobody reads one notice twice."""
    before = Prompt.objects.about_installments([one.pk for one in installments]).filter(kind=KIND, stage=days)
    used = set(before.values_list("installment_id", "version"))
    words = _("a notice of %(days)d days was given before and does not hold: give one of another number of days")
    return {one.pk: words % {"days": days} for one in installments if (one.pk, one.version) in used}


def _overdue(loans: Sequence[Loan], now: datetime) -> list[Installment]:
    """Those unpaid whose due date has passed where their borrower is."""
    unpaid = Installment.objects.filter(loan__in=loans, state__in=_UNPAID).select_related("loan__borrower")
    return [
        one
        for one in unpaid.order_by("loan__external_id", "number")
        if one.due_on < local_day(now, one.loan.borrower.zone)
    ]


def _reasons(installments: Sequence[Installment], now: datetime) -> dict[int, str]:
    """Why there is none about these, by id."""
    reasons: dict[int, str] = {}
    ids = [one.pk for one in installments]
    disputes = list(Dispute.objects.holding(ids).values_list("loan_id", "installment_id")) if ids else []
    held = set(OutageHold.objects.in_force(now).filter(installment__in=ids).values_list("installment_id", flat=True))
    doubted = held_by_doubt(ids)
    earlier = Prompt.objects.about_installments(ids).filter(kind=KIND)
    # One that is void carries the message of others, which does not name it.
    given = list(earlier.exclude(status=Prompt.Status.CANCELLED).filter(voided_at=None))
    unreached = _unreached([one for one in given if one.status == Prompt.Status.ESCALATED])
    announced = {(one.installment_id, one.version) for one in given if one.pk not in unreached}
    for one in installments:
        if one.state == Installment.State.AWAITING_BANK:
            reasons[one.pk] = _("it is paid at the platform and awaits the bank")
        elif any(loan == one.loan_id and about in {None, one.pk} for loan, about in disputes):
            reasons[one.pk] = _("its borrower disputes it, and the dispute is not decided")
        elif one.pk in held:
            reasons[one.pk] = _("an outage of a firm holds it")
        elif one.pk in doubted:
            reasons[one.pk] = _("its bank may have booked it: what it said cannot be true, and somebody asks")
        elif (one.pk, one.version) in announced:
            reasons[one.pk] = _("notice was given before")
    return reasons


def _unreached(escalated: Sequence[Prompt]) -> set[int]:
    """Of these, by id, those that were told to nobody and that nobody is to tell any more."""
    leading = {one.pk: one.told_with_id or one.pk for one in escalated}
    told = days_promised(leading.values())
    tasks = AgentTask.objects.open().filter(prompt__in=leading.values())
    waiting = set(tasks.values_list("prompt_id", flat=True))
    return {pk for pk, leads in leading.items() if leads not in told and leads not in waiting}
