"""Watches over outages: an alarm is open while one holds demands for longer than outages last, and what tells of one
ends with it.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from loans.models import Outage
from notifications.alarms import Wrong, keep_alarms
from notifications.models import Alarm
from notifications.needed import HELD_BY_ANY

AFTER: Final = timedelta(days=7)
"""Meanwhile nothing that it touches is demanded: a person asks whether its end was forgotten."""
DETAIL: Final = "This outage has lasted for more than 7 days: ask the firm whether it is over, and end it."
OVER_SINCE: Final = timedelta(minutes=5)
"""A few beats of the sweep. What all of them miss, ladders find by themselves some hours later."""
_LOOK: Final = f"""
UPDATE notifications_prompt AS prompt
SET look_again_at = %(now)s
FROM loans_outage AS ended JOIN loans_outagehold AS touched ON touched.outage_id = ended.id
WHERE ended.ends_at BETWEEN %(since)s AND %(now)s
  AND prompt.installment_id = touched.installment_id AND prompt.kind = 'outage_declared'
  AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL
  AND prompt.status = 'active' AND prompt.look_again_at > %(now)s
  AND NOT EXISTS ({HELD_BY_ANY}prompt.installment_id)
"""  # noqa: S608  (nothing of it comes from outside)


def look_at_what_is_over(now: datetime) -> int:
    """Let the ladders that tell of an outage look, and end, as soon as it is over: else each claim walks past their
    messages for hours. Returns how many.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"now": now, "since": now - OVER_SINCE})
        return int(cursor.rowcount)


@transaction.atomic
def watch_outages(now: datetime) -> int:
    """Open an alarm for each outage in force for too long, close those of what is over; returns how many are open."""
    rows = Outage.objects.in_force(now).filter(starts_at__lte=now - AFTER).select_related("partner")
    lasting = {f"outage:{outage.pk}": Wrong(DETAIL, _facts(outage)) for outage in rows}
    keep_alarms(Alarm.Kind.OUTAGE, lasting, now)
    return len(lasting)


def _facts(outage: Outage) -> dict[str, Any]:
    """Whose it is and since when it has lasted (ISO 8601, UTC)."""
    return {"outage": outage.pk, "firm": outage.partner.name, "since": outage.starts_at.isoformat()}
