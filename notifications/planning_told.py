"""What an agent told by the task of an alarm, before anything was planned about it, is planned as told: no message
tells it again, no firm, and no second agent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from notifications import planning_statements
from notifications.responsibility import lasts
from notifications.slots import Slot
from notifications.told_in_person import TOLD_IN_PERSON, WHILE_PLANNING

# Nearly always there is none: a look at an index that holds nothing else.
_TOLD: Final = "task.kind = 'untold' AND task.outcome = 'told' AND task.done_at >= %(since)s"
_ANY: Final = f"SELECT EXISTS (SELECT FROM notifications_agenttask AS task WHERE {_TOLD})"  # noqa: S608
_FIND: Final = f"""
CREATE TEMPORARY TABLE planning_told ON COMMIT DROP AS
SELECT DISTINCT ON (prompt.id) prompt.id, task.id AS task_id, task.done_at
FROM notifications_agenttask AS task
JOIN planning_prompt AS prompt ON prompt.installment_id = task.installment_id AND prompt.version = task.version
                              AND prompt.borrower_id = task.borrower_id
JOIN accounts_user AS person ON person.id = prompt.borrower_id
JOIN unnest(%(laws)s::text[], %(zones)s::text[], %(plans)s::int[], %(due_on)s::date[], %(stages)s::int[],
            %(begins)s::timestamptz[]) AS slot (law, zone, plan, due_on, stage, begins)
  ON slot.law = person.jurisdiction AND slot.zone = prompt.time_zone AND slot.plan = prompt.plan
 AND slot.due_on = prompt.due_on AND slot.stage = prompt.stage
WHERE {_TOLD} AND task.done_at >= slot.begins
ORDER BY prompt.id, task.done_at DESC
"""  # noqa: S608  (nothing of it comes from outside)
_PLAN: Final = """
WITH told AS (
    DELETE FROM planning_prompt AS prompt USING planning_told AS told WHERE told.id = prompt.id
    RETURNING prompt.*, told.task_id, told.done_at),
written AS (
    INSERT INTO notifications_prompt (id, borrower_id, kind, installment_id, stage, version, status, reason, rung,
                                      planned_at, tell_at, look_again_at, deadline)
    SELECT id, borrower_id, %(kind)s, installment_id, stage, version, 'told', %(why)s, %(beyond)s, %(now)s, done_at,
           %(now)s, deadline
    FROM told)
INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, data)
SELECT %(now)s, 'planned', borrower_id, installment_id, id, details || jsonb_build_object('task', task_id) FROM told
"""


def plan_told(kind: str, slots: Sequence[Slot], parameters: dict[str, Any]) -> int:
    """Of what is about to be written (`planning_prompt` holds it), write as told what an agent told since its stage
    began, and take it out; returns how many. `parameters` are those of the run. The others of its message lead on.
    """
    begins = [lasts(kind, slot)[0] for slot in slots]
    asked = {**parameters, **_columns(slots, begins), "since": min(begins, default=parameters["now"])}
    asked["why"] = TOLD_IN_PERSON
    with connection.cursor() as cursor:
        cursor.execute(WHILE_PLANNING)
        cursor.execute(_ANY, asked)
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("DROP TABLE IF EXISTS planning_told")
        cursor.execute(_FIND, asked)
        told = int(cursor.rowcount)
        if told:
            cursor.execute(_PLAN, asked)
            cursor.execute(planning_statements.BUNDLE)
    return told


def _columns(slots: Sequence[Slot], begins: Sequence[datetime]) -> dict[str, Any]:
    return {
        "laws": [slot.place.jurisdiction for slot in slots],
        "zones": [slot.place.name for slot in slots],
        "plans": [slot.plan.number for slot in slots],
        "due_on": [slot.at.due_on for slot in slots],
        "stages": [slot.at.stage for slot in slots],
        "begins": list(begins),
    }
