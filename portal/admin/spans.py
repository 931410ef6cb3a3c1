"""How long something takes, in words."""

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext, ngettext

DAYS_FROM: Final = timedelta(days=2)
HOUR: Final = timedelta(hours=1)


def span_words(span: timedelta) -> str:
    """The span in one unit: "3 days", "5 h", "12 min"."""
    if span >= DAYS_FROM:
        return ngettext("%d day", "%d days", span.days) % span.days
    if span >= HOUR:
        return gettext("%d h") % (span // HOUR)
    return gettext("%d min") % (span.total_seconds() // 60)
