"""When a firm's time is over: the other firm's turn, or the portal's, whose message is queued for that very moment.

The portal sends whether or not this sweep runs; here it is written down, and the firms are told.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from notifications import duty_statements
from notifications.events import about, record_all
from notifications.letting_off import tell_let_off
from notifications.models import Duty, NoticeEvent
from notifications.partner_news import tell_due, tell_taken_over

BATCH: Final = 2000
_RECORDED: Final = {
    Duty.Status.PASSED_ON: NoticeEvent.Kind.PASSED_ON,
    Duty.Status.TAKEN_OVER: NoticeEvent.Kind.TAKEN_OVER,
}


@transaction.atomic
def take_over(now: datetime) -> int:
    """Look at up to `BATCH` duties whose time is over, but for those of a firm whose messages of that time are not
    applied yet; returns how many were looked at. Workers do not collide.
    """
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.LOOK, {"now": now, "limit": BATCH})
        looked_at = cursor.fetchall()
    moved = {pk for pk, status, _before in looked_at if status in _RECORDED}
    tell_let_off({pk: before for pk, status, before in looked_at if status == Duty.Status.VOID}, why="", now=now)
    rows = Duty.objects.filter(pk__in=moved).select_related("prompt", "responsible", "backup", "telling")
    duties = list(rows.order_by("pk"))
    record_and_tell(duties, now)
    tell_due([duty.pk for duty in duties if duty.status == Duty.Status.PASSED_ON], at=now)
    return len(looked_at)


def record_and_tell(duties: Sequence[Duty], now: datetime) -> None:
    """Put on record that others send these now, and tell the firms. Read them with prompt, firms and telling."""
    _record(duties, now)
    tell_taken_over(duties, at=now)


def _record(duties: Sequence[Duty], now: datetime) -> None:
    facts = (
        about(duty.prompt, _RECORDED[Duty.Status(duty.status)], firm=duty.responsible.code, why=duty.why_late)
        for duty in duties
    )
    record_all(facts, at=now)
