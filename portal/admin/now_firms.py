"""What the two firms do not agree about, and how long they take to agree."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from loans.consistency import Measured, measure
from loans.models import Discrepancy
from portal.admin.discrepancies import RELATED
from portal.admin.queue import SHOWN, Number, Queue, list_of
from portal.admin.spans import span_words

WIDTH: Final = 200
"""Of a drawing, in its own units; the goal stands in its middle."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One pair of firms with the lengths of its bars; each is `WIDTH` at most."""

    pair: Measured
    half: int
    most: int
    longest: int

    @classmethod
    def of(cls, pair: Measured) -> "Drawn":
        spans = (pair.half, pair.most, max(filter(None, (pair.longest, pair.oldest)), default=None))
        return cls(pair, *(_length(span, pair.goal) for span in spans))

    @property
    def words(self) -> dict[str, str]:
        """The times as texts, empty where nothing was measured."""
        pair = self.pair
        spans = {
            "half": pair.half,
            "most": pair.most,
            "longest": pair.longest,
            "oldest": pair.oldest,
            "goal": pair.goal,
        }
        return {name: "" if span is None else span_words(span) for name, span in spans.items()}


def _length(span: timedelta | None, goal: timedelta) -> int:
    return min(WIDTH, round(WIDTH / 2 * (span / goal))) if span else 0


def discrepancies(now: datetime, agent_id: int | None) -> Queue:
    still_open = Discrepancy.objects.open()
    counts = still_open.aggregate(
        all=Count("pk"),
        late=Count("pk", filter=Q(due_by__lt=now)),
        mine=Count("pk", filter=Q(holder=agent_id)),
    )
    numbers = [
        Number(counts["all"], _("discrepancies between firms"), list_of(Discrepancy)),
        Number(counts["late"], _("late"), list_of(Discrepancy, "standing=late"), "danger"),
        Number(counts["mine"], _("mine"), list_of(Discrepancy, "standing=mine")),
    ]
    return Queue("discrepancies", numbers, list(still_open.select_related(*RELATED).order_by("due_by", "pk")[:SHOWN]))


def consistency(now: datetime) -> list[Drawn]:
    """All pairs: there are as many as firms that work together."""
    return [Drawn.of(pair) for pair in measure(now)]
