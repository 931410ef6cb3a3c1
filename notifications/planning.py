"""From what is owed to what must be told: prompts and their first deliveries, written as sets.

Python turns the calendar into a few rows a time zone (`calendar.Slot`); one statement joins them with the open
installments, so the cost of a day is that of the rows it writes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection

from accounts.models import User
from notifications import calendar
from notifications.ladder import LADDERS, Ladder
from notifications.models import Prompt
from notifications.reach import CONTACT_KIND
from notifications.timing import ContactHours

Kind = Prompt.Kind

_INSTALLMENTS: Final = """
SELECT loan.borrower_id, installment.id AS installment_id, NULL::bigint AS payment_id, NULL::bigint AS dispute_id,
       slot.stage, installment.version, slot.moment, slot.deadline
FROM unnest(%(zones)s::text[], %(due_on)s::date[], %(stages)s::int[], %(moments)s::timestamptz[],
            %(deadlines)s::timestamptz[]) AS slot (zone, due_on, stage, moment, deadline)
JOIN loans_installment AS installment ON installment.due_on = slot.due_on AND installment.state = 'open'
JOIN loans_loan AS loan ON loan.id = installment.loan_id
JOIN accounts_user AS person ON person.id = loan.borrower_id AND person.time_zone = slot.zone
WHERE NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS prompt
    WHERE prompt.installment_id = installment.id AND prompt.kind = %(kind)s AND prompt.stage = slot.stage
      AND prompt.version = installment.version AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL)
"""
_UNDISPUTED: Final = """
  AND NOT EXISTS (
    SELECT 1 FROM loans_dispute AS dispute
    WHERE dispute.loan_id = loan.id AND dispute.status <> 'decided'
      AND (dispute.installment_id IS NULL OR dispute.installment_id = installment.id))
"""
_PAYMENTS: Final = """
SELECT loan.borrower_id, payment.installment_id, payment.id, NULL::bigint, 0, 1,
       %(moment)s::timestamptz, NULL::timestamptz
FROM loans_payment AS payment JOIN loans_loan AS loan ON loan.id = payment.loan_id
WHERE payment.id = ANY(%(ids)s)
"""
_DISPUTE: Final = """
SELECT dispute.borrower_id, dispute.installment_id, NULL::bigint, dispute.id, %(stage)s, 1,
       %(moment)s::timestamptz, NULL::timestamptz
FROM loans_dispute AS dispute WHERE dispute.id = %(dispute_id)s
"""
# A person is told on the lowest rung whose channel they can be reached on; where there is none, the prompt stands
# above the last rung and the ladder hands it to a person at its first look.
_PLAN: Final = """
WITH candidate (borrower_id, installment_id, payment_id, dispute_id, stage, version, moment, deadline) AS ({source}),
rung (number, channel, contact_kind, wait) AS (
    SELECT * FROM unnest(%(rungs)s::int[], %(channels)s::text[], %(contact_kinds)s::text[], %(waits)s::interval[])),
first_rung AS (
    SELECT borrower.id AS borrower_id, way.number, way.channel, way.wait, way.contact_point_id, way.address
    FROM (SELECT DISTINCT borrower_id AS id FROM candidate) AS borrower
    CROSS JOIN LATERAL (
        SELECT rung.number, rung.channel, rung.wait, point.id AS contact_point_id, point.address
        FROM rung
        JOIN accounts_contactpoint AS point ON point.user_id = borrower.id AND point.kind = rung.contact_kind
             AND point.retired_at IS NULL AND point.unreachable_since IS NULL
        WHERE NOT EXISTS (SELECT 1 FROM notifications_preference AS preference
                          WHERE preference.user_id = borrower.id AND preference.channel = rung.channel
                            AND NOT preference.enabled)
        ORDER BY rung.number LIMIT 1) AS way),
planned AS (
    INSERT INTO notifications_prompt (borrower_id, kind, installment_id, payment_id, dispute_id, stage, version,
                                      status, reason, rung, planned_at, tell_at, look_again_at)
    SELECT candidate.borrower_id, %(kind)s, candidate.installment_id, candidate.payment_id, candidate.dispute_id,
           candidate.stage, candidate.version, 'active', '', COALESCE(first_rung.number, %(beyond)s), %(now)s,
           candidate.moment,
           CASE WHEN first_rung.number IS NULL THEN candidate.moment
                ELSE LEAST(candidate.moment + first_rung.wait, candidate.deadline) END
    FROM candidate LEFT JOIN first_rung USING (borrower_id)
    ON CONFLICT DO NOTHING
    RETURNING id, borrower_id, installment_id, stage, rung, kind, tell_at),
told AS (
    INSERT INTO notifications_delivery (prompt_id, channel, contact_point_id, address, rung, ordinal, status, reason,
                                        attempts, next_attempt_at, provider_reference, wording)
    SELECT planned.id, way.channel, way.contact_point_id, way.address, planned.rung, 0, 'queued', '', 0,
           planned.tell_at, '', ''
    FROM planned
    CROSS JOIN LATERAL (
        SELECT first_rung.channel, first_rung.contact_point_id, first_rung.address FROM first_rung
        WHERE first_rung.borrower_id = planned.borrower_id
        UNION ALL SELECT 'in_app', NULL, '') AS way)
INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, data)
SELECT %(now)s, 'planned', planned.borrower_id, planned.installment_id, planned.id,
       jsonb_build_object('kind', planned.kind, 'stage', planned.stage)
FROM planned
"""


@dataclass(frozen=True, slots=True)
class Clock:
    """When it is, within which hours people may be told, and how fast waits run."""

    now: datetime
    hours: ContactHours
    pace: float = 1.0

    @classmethod
    def at(cls, now: datetime) -> "Clock":
        """The clock of this installation, read at `now`."""
        return cls(now, ContactHours.parse(settings.CONTACT_HOURS), settings.LADDER_PACE)


def plan_upcoming(clock: Clock) -> int:
    """Plan what falls due within the longest lead; returns how many prompts are new."""
    slots = calendar.upcoming(_zones(), clock.now, clock.hours)
    return _plan(Kind.UPCOMING, _INSTALLMENTS, clock, **_columns(slots))


def plan_overdue(clock: Clock) -> int:
    """Plan what is overdue, not on its way to the bank and not disputed; returns how many prompts are new."""
    slots = calendar.overdue(_zones(), clock.now, clock.hours)
    return _plan(Kind.OVERDUE, _INSTALLMENTS + _UNDISPUTED, clock, **_columns(slots))


def plan_payments(kind: Prompt.Kind, payment_ids: Sequence[int], clock: Clock) -> int:
    """Plan the confirmation of these payments, once each; returns how many prompts are new."""
    return _plan(kind, _PAYMENTS, clock, ids=list(payment_ids), moment=clock.now)


def plan_dispute_step(kind: Prompt.Kind, dispute_id: int, stage: int, clock: Clock) -> int:
    """Plan the news of one step of a dispute; returns 1 if it is new."""
    return _plan(kind, _DISPUTE, clock, dispute_id=dispute_id, stage=stage, moment=clock.now)


def _plan(kind: Prompt.Kind, source: str, clock: Clock, **parameters: Any) -> int:
    statement = _PLAN.format(source=source)
    with connection.cursor() as cursor:
        cursor.execute(
            statement, {"kind": kind, "now": clock.now, **parameters, **_ladder_columns(LADDERS[kind], clock)}
        )
        return int(cursor.rowcount)


def _zones() -> list[tuple[str, Any]]:
    names = User.objects.order_by("time_zone").values_list("time_zone", flat=True).distinct()
    return [(name, User(time_zone=name).zone) for name in names]


def _columns(slots: Iterable[calendar.Slot]) -> dict[str, list[Any]]:
    rows = list(slots)
    return {
        "zones": [slot.zone for slot in rows],
        "due_on": [slot.due_on for slot in rows],
        "stages": [slot.stage for slot in rows],
        "moments": [slot.moment for slot in rows],
        "deadlines": [slot.deadline for slot in rows],
    }


def _ladder_columns(ladder: Ladder, clock: Clock) -> dict[str, Any]:
    return {
        "rungs": list(range(len(ladder.rungs))),
        "channels": [rung.channel.value for rung in ladder.rungs],
        "contact_kinds": [CONTACT_KIND[rung.channel] for rung in ladder.rungs],
        "waits": [rung.wait * clock.pace for rung in ladder.rungs],
        "beyond": len(ladder.rungs),
    }
