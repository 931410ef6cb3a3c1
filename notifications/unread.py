"""Hears that what firms have sent lies unapplied: an alarm is open while it does, and closes by itself.

The firm has been answered that all is well, so nobody else would notice. What lies there may say that borrowers have
paid: while the alarm is open nothing about the firm's loans is called overdue (`halting`).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Min, Q

from loans.models import Partner, Report
from notifications.alarms import Wrong, keep_alarms
from notifications.models import Alarm

_MESSAGES: Final = timedelta(minutes=5)
"""They are applied within seconds."""
_FILES: Final = timedelta(minutes=30)
"""A file is being applied all the while: half a million payments take eleven minutes."""
AFTER: Final = {
    Report.Kind.EVENTS: _MESSAGES,
    Report.Kind.LOANS: _FILES,
    Report.Kind.STATEMENT: _FILES,
}
DETAIL: Final = (
    "What this firm has sent is not applied: look at the workers of intake. Reminders go out without it, and nothing "
    "about its loans is called overdue meanwhile."
)


def lies_unread(now: datetime, kinds: Collection[Report.Kind] = tuple(AFTER)) -> Q:
    """Which reports of these kinds have waited to be applied for longer than they may."""
    too_long = Q(*(Q(kind=kind, received_at__lt=now - AFTER[kind]) for kind in kinds), _connector=Q.OR)
    return Q(too_long, status=Report.Status.RECEIVED)


@transaction.atomic
def watch_unread(now: datetime) -> int:
    """Open an alarm for each firm and kind of report of which any lies unread, close those of the others; returns how
    many are open.
    """
    firms = {firm.pk: firm for firm in Partner.objects.only("pk", "code", "name")}
    unread: dict[str, Wrong] = {}
    for kind in AFTER:
        # A statement a kind, with the firms named: so each is answered by an index, files by one that has them alone.
        rows = Report.objects.filter(lies_unread(now, [kind]), partner__in=list(firms)).order_by()
        for pk, since in rows.values_list("partner").annotate(since=Min("received_at")):
            unread[f"unread:{firms[pk].code}:{kind}"] = Wrong(DETAIL, _facts(firms[pk], kind, since))
    keep_alarms(Alarm.Kind.UNREAD, unread, now)
    return len(unread)


def _facts(firm: Partner, kind: Report.Kind, since: datetime) -> dict[str, Any]:
    """Whose reports, of what kind, and when the first of those that lie unread came (ISO 8601, UTC)."""
    return {"partner": firm.pk, "firm": firm.name, "kind": kind.value, "since": since.isoformat()}
