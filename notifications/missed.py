"""Stages that time has passed by without a prompt, though the figures were known, are on record as skipped: of a
downtime nobody can else say later what it cost whom.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.db import connection

from notifications import table_statistics
from notifications.models import Prompt
from notifications.slots import Slot, stages_before

# One is on record since then where a later stage was planned, and what was paid, disputed or held by an outage on
# its day was passed by on purpose. OFFSET 0 keeps each question a look-up by the index.
_MISSED: Final = """
FROM planning_prompt AS prompt
JOIN unnest(%(zones)s::text[], %(plans)s::int[], %(due_on)s::date[], %(reached)s::int[], %(kinds)s::text[],
            %(stages)s::int[], %(least)s::int[], %(most)s::int[], %(known_by)s::timestamptz[])
     AS missed (zone, plan, due_on, reached, kind, stage, least, most, known_by)
  ON missed.due_on = prompt.due_on AND missed.zone = prompt.time_zone AND missed.reached = prompt.stage
 AND missed.plan = prompt.plan
WHERE prompt.late AND prompt.known_at < missed.known_by
  AND NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS other
    WHERE other.installment_id = prompt.installment_id AND other.kind = missed.kind
      AND other.stage BETWEEN missed.least AND missed.most AND other.version = prompt.version
      AND other.payment_id IS NULL AND other.dispute_id IS NULL
    OFFSET 0)
  AND (missed.kind = %(kind)s OR NOT EXISTS (
    SELECT 1 FROM notifications_prompt AS other
    WHERE other.installment_id = prompt.installment_id AND other.kind = %(kind)s AND other.stage < prompt.stage
      AND other.version = prompt.version AND other.payment_id IS NULL AND other.dispute_id IS NULL
    OFFSET 0))
  AND NOT EXISTS (
    SELECT 1 FROM loans_dispute AS dispute JOIN loans_installment AS about ON about.loan_id = dispute.loan_id
    WHERE about.id = prompt.installment_id AND missed.kind = 'overdue'
      AND (dispute.installment_id IS NULL OR dispute.installment_id = about.id)
      AND dispute.opened_at < missed.known_by
      AND (dispute.decided_at IS NULL OR dispute.decided_at > missed.known_by - interval '1 day')
    OFFSET 0)
  AND NOT EXISTS (
    SELECT 1 FROM loans_outagehold AS hold
    WHERE hold.installment_id = prompt.installment_id AND missed.kind = 'overdue' AND hold.since < missed.known_by
      AND (hold.held_until IS NULL OR hold.held_until > missed.known_by - interval '1 day')
    OFFSET 0)
  AND NOT EXISTS (
    SELECT 1 FROM loans_payment AS payment
    WHERE payment.installment_id = prompt.installment_id
      AND LEAST(payment.received_at, payment.settled_at) < missed.known_by
      AND COALESCE(payment.returned_at, payment.given_up_at, 'infinity') > missed.known_by - interval '1 day'
    OFFSET 0)
"""
_ANY_UPCOMING: Final = "SELECT EXISTS (SELECT 1 FROM planning_prompt WHERE late)"
# Before what is overdue there always were stages, and nearly always all were planned. What a downtime has passed by is
# missing to the first person of a due date and to the last one, too: the others are looked at where it is.
_ANY_OVERDUE: Final = f"""
SELECT EXISTS (
    SELECT 1 {_MISSED} AND prompt.id = ANY(ARRAY(
        SELECT unnest(ARRAY[min(id), max(id)]) FROM planning_prompt WHERE late GROUP BY due_on, time_zone, plan)))
"""  # noqa: S608  (nothing of it comes from outside)
_RECORD: Final = f"""
INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, data)
SELECT %(now)s, 'skipped', prompt.borrower_id, prompt.installment_id, prompt.id,
       jsonb_build_object('kind', missed.kind, 'stage', missed.stage)
{_MISSED}
"""


def record_missed(kind: str, slots: Collection[Slot], *, now: datetime) -> None:
    """Record as skipped the stages before what is about to be written (`planning_prompt` holds it) that were never
    planned although the figures were known.
    """
    parameters: dict[str, Any] = {"kind": kind, "now": now, **_columns(kind, slots)}
    if not parameters["stages"]:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ANY_UPCOMING if kind == Prompt.Kind.UPCOMING else _ANY_OVERDUE, parameters)
        if cursor.fetchone()[0]:
            table_statistics.refresh(["notifications_prompt"])
            cursor.execute(_RECORD, parameters)


def _columns(kind: str, slots: Collection[Slot]) -> dict[str, list[Any]]:
    """The stages before each slot's own. Several laws have slots alike."""
    alike = {(slot.place.name, slot.plan, slot.at.due_on, slot.at.stage): slot for slot in slots}
    rows = [(slot, before) for slot in alike.values() for before in stages_before(kind, slot)]
    return {
        "zones": [slot.place.name for slot, _before in rows],
        "plans": [slot.plan.number for slot, _before in rows],
        "due_on": [slot.at.due_on for slot, _before in rows],
        "reached": [slot.at.stage for slot, _before in rows],
        "kinds": [before.kind.value for _slot, before in rows],
        "stages": [before.stage for _slot, before in rows],
        "least": [before.least for _slot, before in rows],
        "most": [before.most for _slot, before in rows],
        "known_by": [before.known_by for _slot, before in rows],
    }
