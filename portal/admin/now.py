"""What needs the desk now, by what runs out first; each number with the address of the rows behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.admin import AdminSite
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from loans.models import Discrepancy, Dispute, OutwardDelivery, Partner, Report, StatementLine
from notifications.calling import may_be_called
from notifications.clock import Clock
from notifications.models import AgentTask, Alarm, Halt, Supplier, Sweep
from portal.admin import now_firms, now_levers
from portal.admin.queue import SHOWN, Number, Queue, list_of
from portal.admin.task_subject import with_subjects
from portal.admin.timeline_told import task_subjects

RECENT: Final = timedelta(days=7)
"""Refused reports, and remarks, older than this are history: nothing closes them."""
REFUSED: Final = Q(status__in=[Report.Status.REFUSED, Report.Status.PARTLY])
REMARKED: Final = ~Q(remarks=[])


@dataclass(frozen=True, slots=True)
class Now:
    """The queues that the reader may see, how long firms take to agree, and whether no queue has anything."""

    at: datetime
    queues: list[Queue]
    pairs: list[now_firms.Drawn]

    @property
    def is_quiet(self) -> bool:
        return not any(queue.numbers[0].count for queue in self.queues)


def read_now(request: HttpRequest, site: AdminSite) -> Now:
    """Two statements a queue, however long the queues are, and one for the firms."""
    now = timezone.now()
    made: dict[type[Model], Callable[[], Queue]] = {
        Halt: now_levers.halts,
        Sweep: lambda: now_levers.sweeps(now),
        Alarm: now_levers.alarms,
        Supplier: lambda: now_levers.suppliers(now),
        AgentTask: lambda: _tasks(now, request.user.pk),
        Dispute: lambda: _disputes(now),
        Discrepancy: lambda: now_firms.discrepancies(now, request.user.pk),
        StatementLine: _lines,
        OutwardDelivery: _given_up,
        Report: lambda: _reports(now),
    }
    pairs = now_firms.consistency(now) if _may_see(request, site, Partner) else []
    return Now(now, [make() for model, make in made.items() if _may_see(request, site, model)], pairs)


def lately(now: datetime) -> "QuerySet[Report]":
    """Reports of the last days: of interest are those `REFUSED` in part at least, and those `REMARKED` upon."""
    return Report.objects.filter(received_at__gte=now - RECENT).defer("content")


def _tasks(now: datetime, agent_id: int | None) -> Queue:
    open_tasks = AgentTask.objects.open()
    late = Q(act_by__lt=now)
    may_act = Q(kind=AgentTask.Kind.STILL_WAITING) | may_be_called(Clock.at(now))
    counts = open_tasks.aggregate(
        all=Count("pk"),
        late=Count("pk", filter=late),
        red=Count("pk", filter=late & may_act),
        mine=Count("pk", filter=Q(assignee=agent_id)),
    )
    numbers = [
        Number(counts["all"], _("open agent tasks"), list_of(AgentTask)),
        Number(counts["late"], _("late"), list_of(AgentTask, "standing=late"), "danger" if counts["red"] else ""),
        Number(counts["mine"], _("mine"), list_of(AgentTask, "standing=mine")),
    ]
    related = ("assignee", *task_subjects())
    first = list(open_tasks.select_related(*related).order_by("act_by", "pk")[:SHOWN])
    return Queue("tasks", numbers, with_subjects(first, now))


def _disputes(now: datetime) -> Queue:
    undecided = Dispute.objects.undecided()
    today = timezone.localdate(now)
    counts = undecided.aggregate(
        all=Count("pk"),
        late=Count("pk", filter=Q(answer_due_on__lt=today)),
        ours=Count("pk", filter=Q(status=Dispute.Status.OPEN)),
    )
    numbers = [
        Number(counts["all"], _("undecided disputes"), list_of(Dispute)),
        Number(counts["late"], _("late"), list_of(Dispute, "standing=late"), "danger"),
        Number(counts["ours"], _("our turn"), list_of(Dispute, "standing=ours")),
    ]
    first = undecided.select_related("borrower", "loan", "installment").order_by("answer_due_on", "pk")
    return Queue("disputes", numbers, list(first[:SHOWN]))


def _lines() -> Queue:
    waiting = StatementLine.objects.waiting()
    number = Number(waiting.count(), _("unmatched bank lines"), list_of(StatementLine))
    first = waiting.select_related("report__partner").defer("report__content").order_by("booked_on", "pk")
    return Queue("lines", [number], list(first[:SHOWN]))


def _given_up() -> Queue:
    """Dead letters: what partners did not take in days of trying."""
    dead = OutwardDelivery.objects.dead()
    number = Number(dead.count(), _("events that partners did not take"), list_of(OutwardDelivery), "danger")
    return Queue("outward", [number], list(dead.select_related("event", "endpoint__partner").order_by("-pk")[:SHOWN]))


def _reports(now: datetime) -> Queue:
    reports = lately(now)
    counts = reports.aggregate(refused=Count("pk", filter=REFUSED), remarked=Count("pk", filter=REMARKED))
    numbers = [
        Number(counts["refused"], _("reports refused in 7 days"), list_of(Report, "standing=refused")),
        Number(counts["remarked"], _("with remarks"), list_of(Report, "standing=remarked")),
    ]
    return Queue("reports", numbers, list(reports.filter(REFUSED).select_related("partner")[:SHOWN]))


def _may_see(request: HttpRequest, site: AdminSite, model: type[Model]) -> bool:
    return site.is_registered(model) and site.get_model_admin(model).has_view_permission(request)
