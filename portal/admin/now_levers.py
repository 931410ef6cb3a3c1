"""What operators must know first: what does not hold, what is halted, and which providers are passed over."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.utils.translation import gettext as _

from notifications.models import Alarm, Halt, RefusedCalls, Supplier, Sweep
from notifications.sweeps import not_running
from portal.admin.queue import SHOWN, Number, Queue, list_of

DAY: Final = timedelta(days=1)


def open_alarms() -> "QuerySet[Alarm]":
    """Those about somebody whom nobody tells come first, by when it is due; those for whom it is too late, last: there
    may be many, and something that is wrong now makes more of them.
    """
    people_first = Case(
        When(kind=Alarm.Kind.COVERAGE, then=Value(0)), When(kind=Alarm.Kind.UNTOLD, then=Value(2)), default=Value(1)
    )
    rows = Alarm.objects.open().select_related("borrower")
    return rows.order_by(people_first, F("due_on").asc(nulls_last=True), "opened_at", "pk")


def passed_over(now: datetime) -> "QuerySet[Supplier]":
    """The providers that are not asked first at `now`, the one that is away longest first."""
    return Supplier.objects.filter(paused_until__gt=now).order_by("-paused_until", "pk")


def alarms() -> Queue:
    untold = Count("pk", filter=Q(kind=Alarm.Kind.COVERAGE))
    counts = Alarm.objects.open().aggregate(all=Count("pk"), untold=untold)
    numbers = [
        Number(counts["all"], _("open alarms"), list_of(Alarm), "danger"),
        Number(counts["untold"], _("not being told"), list_of(Alarm, "kind__exact=coverage"), "danger"),
    ]
    return Queue("alarms", numbers, list(open_alarms()[:SHOWN]))


def halts() -> Queue:
    """All of them: a halt that is forgotten is a silence."""
    rows = list(Halt.objects.in_force().select_related("partner", "by").order_by("since", "pk"))
    return Queue("halts", [Number(len(rows), _("halts in force"), list_of(Halt), "danger")], rows)


def sweeps(now: datetime) -> Queue:
    """Without them the other numbers are those of the time when they last ran."""
    rows = not_running(now)
    number = Number(len(rows), _("sweeps that do not run"), list_of(Sweep, "standing=missing"), "danger")
    return Queue("sweeps", [number], rows[:SHOWN])


def suppliers(now: datetime) -> Queue:
    rows = list(passed_over(now))
    since = RefusedCalls.objects.filter(day__gte=(now - DAY).astimezone(UTC).date())
    refused = since.exclude(why=RefusedCalls.Why.SAID_AGAIN).aggregate(all=Sum("calls"))
    numbers = [
        Number(len(rows), _("providers passed over"), list_of(Supplier, "standing=paused"), "danger"),
        Number(refused["all"] or 0, _("calls of providers refused since yesterday"), list_of(RefusedCalls)),
    ]
    return Queue("suppliers", numbers, rows[:SHOWN])
