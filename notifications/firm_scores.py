"""How well firms keep what they have to send: reported in time, late, only sent, tried in vain, not at all."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, F, Q

from loans.models import Partner
from notifications.models import Duty, FirmTelling, Prompt

SPAN: Final = timedelta(days=30)

Status = Duty.Status


@dataclass(frozen=True, slots=True)
class Score:
    """Of one firm, how many prompts it had to report within the span: told by itself in time or later, by the other
    firm in its stead, taken over by the portal since it said nothing, or only that it was sent, or that it reached
    nobody (with what is told together with that, and what it takes back while a stage follows); and how many wait.
    """

    firm: Partner
    all: int
    in_time: int
    late: int
    by_the_other: int
    silent: int
    no_proof: int
    not_reached: int
    waiting: int

    @property
    def taken_over(self) -> int:
        return self.silent + self.no_proof + self.not_reached

    @property
    def share(self) -> int | None:
        """In time, in full hundredths of what is decided; None where nothing is."""
        decided = self.all - self.waiting
        return self.in_time * 100 // decided if decided else None


def read_scores(now: datetime) -> list[Score]:
    """The firms that had something to send in the last 30 days, and what they have to send next; two statements."""
    failed = Q(telling__proof=FirmTelling.Proof.FAILED, telling__isnull=False)
    met = Q(status=Status.MET) & ~failed
    by_itself = Q(telling__partner=F("responsible"))
    taken = Q(status=Status.TAKEN_OVER)
    not_reached = failed | Q(settled_at__lt=F("report_by"))
    rows = (
        Duty.objects.filter(report_by__gte=now - SPAN)
        .exclude(status=Status.VOID)
        .order_by()
        .values_list("responsible")
        .annotate(
            all=Count("pk"),
            in_time=Count("pk", filter=met & by_itself & Q(settled_at__lte=F("report_by"))),
            late=Count("pk", filter=met & by_itself & Q(settled_at__gt=F("report_by"))),
            by_the_other=Count("pk", filter=met & ~by_itself),
            silent=Count("pk", filter=taken & Q(telling=None, settled_at__gte=F("report_by"))),
            no_proof=Count("pk", filter=taken & Q(telling__isnull=False) & ~not_reached),
            not_reached=Count("pk", filter=taken & not_reached | Q(status=Status.MET) & failed),
            waiting=Count("pk", filter=Q(status__in=[Status.WAITING, Status.PASSED_ON])),
        )
    )
    counted = {firm_id: counts for firm_id, *counts in rows}
    firms = Partner.objects.filter(pk__in=counted).order_by("kind", "name")
    return [Score(firm, *counted[firm.pk]) for firm in firms]


def firms_in_charge(now: datetime) -> list[tuple[Partner, int, int]]:
    """The firms that cover borrowers at `now`: how many prompts each has still to send, and how many it told that are
    covered by its word.
    """
    covered = Q(status=Status.MET, prompt__status=Prompt.Status.FIRM_TOLD, prompt__look_again_at__gt=now)
    waiting = Q(status__in=[Status.WAITING, Status.PASSED_ON])
    recent = Duty.objects.filter(waiting | covered, report_by__gte=now - SPAN).order_by()
    counts = {"to_send": Count("pk", filter=waiting), "told": Count("pk", filter=covered)}
    rows = recent.values_list("responsible").annotate(**counts)
    counted = {firm_id: (to_send, told) for firm_id, to_send, told in rows}
    firms = Partner.objects.filter(pk__in=counted).order_by("kind", "name")
    return [(firm, *counted[firm.pk]) for firm in firms]
