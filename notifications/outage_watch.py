"""Watches over outages: an alarm is open while one holds demands for longer than outages last."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from loans.models import Outage
from notifications.alarms import Wrong, keep_alarms
from notifications.models import Alarm

AFTER: Final = timedelta(days=7)
"""Meanwhile nothing that it touches is demanded: a person asks whether its end was forgotten."""
DETAIL: Final = "This outage has lasted for more than 7 days: ask the firm whether it is over, and end it."


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
