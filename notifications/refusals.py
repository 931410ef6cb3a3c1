"""Hears that nothing of what a firm pushes is taken: an alarm is open from a quarter of an hour after the first refusal
on, where they go on for five minutes at least, until a message of the firm is taken.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import DateTimeField, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from loans.models import RefusalRun, Report
from notifications.alarms import Wrong, keep_alarms
from notifications.models import Alarm

AFTER: Final = timedelta(minutes=15)
"""A message that is wrong between others that are right is its sender's to mend, who was told at once."""
LASTING: Final = timedelta(minutes=5)
"""So far apart the first and the last have to be: one message, which anybody may post under a firm's name, is none."""
DETAIL: Final = "Nothing of what this firm pushes is taken: ask it, before its borrowers notice."
_LATE: Final = timedelta(minutes=1)
"""A message is kept so long after its time at the most."""


@transaction.atomic
def watch_refusals(now: datetime) -> int:
    """Open an alarm for each firm of which nothing was taken for too long, close those of the others; returns how many
    are open.
    """
    _forget_over(now)
    runs = RefusalRun.objects.select_related("partner")
    runs = runs.filter(since__lte=now - AFTER, last_at__gte=F("since") + LASTING)
    lasting = {_subject(run): Wrong(DETAIL, _facts(run)) for run in runs}
    keep_alarms(Alarm.Kind.REFUSED, lasting, now)
    return len(lasting)


def with_last_taken(runs: "QuerySet[RefusalRun]") -> "QuerySet[RefusalRun]":
    """Each with `taken_at`, when a message of its partner was last taken since it began, None where none was."""
    since = Greatest(OuterRef("since"), OuterRef("looked_until") - _LATE, output_field=DateTimeField())
    events = Report.objects.filter(partner=OuterRef("pk"), kind=Report.Kind.EVENTS, received_at__gt=since)
    taken = events.exclude(status=Report.Status.REFUSED).order_by("-received_at").values("received_at")[:1]
    return runs.annotate(taken_at=Subquery(taken))


def _forget_over(now: datetime) -> None:
    """A run ends with the first message that is taken; one that was refused after it begins another. Locked, so that
    who counts meanwhile waits.
    """
    runs = with_last_taken(RefusalRun.objects.order_by("pk").select_for_update())
    ended = {run.pk: run.last_at > taken_at for run in runs if (taken_at := vars(run)["taken_at"])}
    RefusalRun.objects.filter(pk__in=[pk for pk, again in ended.items() if not again]).delete()
    RefusalRun.objects.filter(pk__in=[pk for pk, again in ended.items() if again]).update(
        since=F("last_at"), messages=1
    )
    RefusalRun.objects.update(looked_until=now)


def _subject(run: RefusalRun) -> str:
    return f"refused:{run.partner.code}"


def _facts(run: RefusalRun) -> dict[str, Any]:
    """Whose messages, since when (ISO 8601, UTC), why the last one was refused (the last signed one, where there is
    one), and whether the firm signed one."""
    return {
        "partner": run.partner_id,
        "firm": run.partner.name,
        "since": run.since.isoformat(),
        "code": run.code,
        "signed": run.signed,
    }
