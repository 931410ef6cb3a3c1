"""Up to which id a partner may read without missing an event that a slower transaction still writes."""

from typing import Final

from django.db.models import Max

from loans import writers
from loans.models import OutwardEvent

PATIENCE: Final = 1.0
"""Seconds to wait for transactions that are writing events; after that the reader is told to come again."""


def settled_until(partner_id: int, after: int, patience: float = PATIENCE) -> int:
    """The id up to which no event of this partner can appear any more; `after` where there is nothing newer or the
    writers are not done. Needs READ COMMITTED, outside of a transaction that has read before.
    """
    newest = OutwardEvent.objects.of(partner_id).filter(pk__gt=after).aggregate(newest=Max("pk"))["newest"]
    if newest is None:
        return after
    return int(newest) if writers.are_done(OutwardEvent, patience) else after
