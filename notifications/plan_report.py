"""What a planning has planned, or would plan: counted by kind, stage and channel, and by the rule that held it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max

from notifications.clock import Clock
from notifications.models import Prompt
from notifications.planning import plan_overdue, plan_upcoming

CONTACT_HOURS: Final = "contact hours"
"""Stands for the rule where a policy names none."""

# Those whom no channel reaches go to a person at their ladder's first look.
_COUNT: Final = """
SELECT leader.kind, leader.stage, COALESCE(way.channel, 'person'), COALESCE(NULLIF(way.held_by, ''), %(hours)s),
       leader.tell_at > %(now)s, count(*) FILTER (WHERE prompt.told_with_id IS NULL), count(*),
       min(leader.tell_at), max(leader.tell_at)
FROM notifications_prompt AS prompt
JOIN notifications_prompt AS leader ON leader.id = COALESCE(prompt.told_with_id, prompt.id)
LEFT JOIN notifications_delivery AS way ON way.prompt_id = leader.id AND way.channel <> 'in_app' AND way.ordinal = 0
WHERE prompt.id > %(since)s AND prompt.planned_at = %(now)s AND prompt.kind IN ('upcoming', 'overdue')
GROUP BY 1, 2, 3, 4, 5 ORDER BY leader.kind DESC, leader.stage DESC, 3, 4, 5
"""


@dataclass(slots=True)
class PlanLine:
    """Messages of one kind and stage on one channel, and the installments that they name.

    `first` and `last` are when they are to be told, UTC. `held` counts those that wait for a later moment, `rules` how
    many by which rule.
    """

    kind: str
    stage: int
    channel: str
    first: datetime
    last: datetime
    messages: int = 0
    installments: int = 0
    held: int = 0
    rules: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        names = ("kind", "stage", "channel", "messages", "installments", "held", "rules")
        plain = {name: getattr(self, name) for name in names}
        return {**plain, "first": self.first.isoformat(), "last": self.last.isoformat()}


def plan(clock: Clock, *, keep: bool = True) -> list[PlanLine]:
    """Plan what has come near or fallen overdue, and say what; without `keep` the plan is taken back.

    Either way no other planner runs meanwhile. The caller wakes the senders.
    """
    with transaction.atomic():
        since = Prompt.objects.aggregate(last=Max("pk"))["last"] or 0
        plan_upcoming(clock)
        plan_overdue(clock)
        lines = count_planned(since, clock.now)
        transaction.set_rollback(not keep)
    return lines


def count_planned(since: int, now: datetime) -> list[PlanLine]:
    """What was planned at `now`, with ids above `since`. The database counts: a day may be a million rows."""
    lines: dict[tuple[str, int, str], PlanLine] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"since": since, "now": now, "hours": CONTACT_HOURS})
        for kind, stage, channel, rule, waits, messages, installments, first, last in cursor.fetchall():
            line = lines.setdefault((kind, stage, channel), PlanLine(kind, stage, channel, first, last))
            line.first, line.last = min(line.first, first), max(line.last, last)
            line.messages += messages
            line.installments += installments
            if waits:
                line.held += messages
                line.rules[rule] = line.rules.get(rule, 0) + messages
    return list(lines.values())
