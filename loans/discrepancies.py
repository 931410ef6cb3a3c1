"""Opens a discrepancy for each difference that lasts too long, closes those of firms that agree again, and lets agents
take, note and close them. Each step is one conditional UPDATE: of two at once, one is told no.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from loans.models import Discrepancy, DiscrepancyEntry
from loans.outward.differing import tell_closed, tell_opened

Kind = DiscrepancyEntry.Kind

TIME_TO_MEND: Final = timedelta(days=1)
"""What an agent gets to see to a discrepancy in. The firms have had their own time before it was opened."""

_OPEN: Final = """
WITH opened AS (
    INSERT INTO loans_discrepancy (difference_id, opened_at, due_by)
    SELECT difference.id, %(now)s, %(due_by)s
    FROM loans_difference AS difference JOIN loans_partner AS follower ON follower.id = difference.follower_id
    WHERE difference.ended_at IS NULL AND difference.since + follower.consistency_goal <= %(now)s
      AND NOT EXISTS (SELECT 1 FROM loans_discrepancy WHERE difference_id = difference.id)
    ORDER BY difference.id
    ON CONFLICT DO NOTHING
    RETURNING id)
INSERT INTO loans_discrepancyentry (discrepancy_id, at, kind, words) SELECT id, %(now)s, 'opened', '' FROM opened
RETURNING discrepancy_id
"""
_CLOSE: Final = """
WITH closed AS (
    UPDATE loans_discrepancy AS discrepancy SET closed_at = %(now)s
    FROM loans_difference AS difference
    WHERE discrepancy.closed_at IS NULL AND difference.id = discrepancy.difference_id
      AND difference.ended_at IS NOT NULL
    RETURNING discrepancy.id)
INSERT INTO loans_discrepancyentry (discrepancy_id, at, kind, words) SELECT id, %(now)s, 'agreed', '' FROM closed
RETURNING discrepancy_id
"""


class NotYoursError(Exception):
    """Nothing was changed. The text is for the agent: who has the discrepancy, or that it is closed."""


@transaction.atomic
def sweep(now: datetime) -> tuple[int, int]:
    """Returns how many discrepancies were opened and how many closed by agreement."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"now": now})
        closed = [discrepancy_id for (discrepancy_id,) in cursor.fetchall()]
        cursor.execute(_OPEN, {"now": now, "due_by": now + TIME_TO_MEND})
        opened = [discrepancy_id for (discrepancy_id,) in cursor.fetchall()]
    tell_closed(closed, agreed=True, at=now)
    tell_opened(opened, at=now)
    return len(opened), len(closed)


@transaction.atomic
def take(discrepancy_id: int, *, agent: User, now: datetime, over_from: int | None = None) -> None:
    """Give it to `agent`; taking what one has already changes nothing.

    `over_from` is the id of the colleague from whom it is taken over, as the agent was shown. Raises NotYoursError
    where it is closed or with anybody else, and Discrepancy.DoesNotExist.
    """
    free = Q(holder=None) if over_from is None else Q(holder=None) | Q(holder=over_from)
    if Discrepancy.objects.open().filter(free, pk=discrepancy_id).update(holder=agent):
        _write(discrepancy_id, Kind.TAKEN, agent, now)
        return
    found = Discrepancy.objects.select_related("holder").get(pk=discrepancy_id)
    if found.closed_at or found.holder != agent:
        raise NotYoursError(_why_not(found))


@transaction.atomic
def note(discrepancy_id: int, *, agent: User, words: str, now: datetime) -> None:
    """Write down what was found out. Raises ValueError without words and Discrepancy.DoesNotExist."""
    _write(Discrepancy.objects.only("pk").get(pk=discrepancy_id).pk, Kind.NOTED, agent, now, _some(words))


@transaction.atomic
def close(discrepancy_id: int, *, agent: User, reason: str, now: datetime) -> None:
    """Close it although the firms still differ; one that nobody has taken counts as taken by `agent`.

    Raises ValueError without a reason, NotYoursError where it is closed or with a colleague, and
    Discrepancy.DoesNotExist.
    """
    words = _some(reason)
    mine = Discrepancy.objects.open().filter(Q(holder=None) | Q(holder=agent), pk=discrepancy_id)
    if not mine.update(closed_at=now, holder=agent):
        raise NotYoursError(_why_not(Discrepancy.objects.select_related("holder").get(pk=discrepancy_id)))
    _write(discrepancy_id, Kind.CLOSED, agent, now, words)
    tell_closed([discrepancy_id], agreed=False, at=now)


def _some(words: str) -> str:
    if not words.strip():
        raise ValueError("A note or reason needs words: it is the history of the discrepancy.")
    return words.strip()[:2000]


def _write(discrepancy_id: int, kind: Kind, agent: User, now: datetime, words: str = "") -> None:
    DiscrepancyEntry.objects.create(discrepancy_id=discrepancy_id, at=now, kind=kind, by=agent, words=words)


def _why_not(found: Discrepancy) -> str:
    if found.closed_at:
        return _("This discrepancy is closed already.")
    return _("%(agent)s has this discrepancy. Take it over from them if they cannot act.") % {"agent": found.holder}
