"""Writes what is planned: prompts, their first deliveries and the events, a few statements for any number of them."""

import json
from typing import Any, Final

from django.db import connection, transaction

from notifications import planning_statements, table_statistics
from notifications.clock import Clock
from notifications.ladder import Ladder, ladder_of
from notifications.models import Prompt
from notifications.reach import CONTACT_KIND, channels_in_use

_READ: Final = ("accounts_user", "accounts_contactpoint", "loans_loan", "loans_installment", "loans_payment")


def write(kind: Prompt.Kind, source: str, clock: Clock, parameters: dict[str, Any]) -> int:
    """Write what `source` finds and nobody has planned yet; returns how many prompts are new."""
    table_statistics.refresh(_READ)
    details = {"kind": kind, "stage": parameters.get("stage", 0), "held_by": parameters.get("held_by", "")}
    if not details["held_by"]:
        del details["held_by"]
    everything = {**parameters_of(kind, clock), "details": json.dumps(details), **parameters}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(planning_statements.CLEAR)
        if not collect(source, everything):
            return 0
        cursor.execute(planning_statements.PROMPTS + planning_statements.WHERE_NEW, everything)
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(planning_statements.KEEP, {"ids": ids})
        cursor.execute(planning_statements.DELIVERIES, everything)
        cursor.execute(planning_statements.EVENTS, everything)
    return len(ids)


def parameters_of(kind: Prompt.Kind, clock: Clock) -> dict[str, Any]:
    """What each statement about `kind` is given."""
    return {"kind": kind, "now": clock.now, **_ladder_columns(ladder_of(kind), clock)}


def collect(source: str, parameters: dict[str, Any]) -> int:
    """Number the prompts that `source` finds, into `planning_prompt`, until the commit; returns how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.COLLECT.format(source=source), parameters)
        found = int(cursor.rowcount)
        if found:
            cursor.execute(planning_statements.ANALYZE)
            cursor.execute(planning_statements.NUMBER, parameters)
        if found > 1:
            cursor.execute(planning_statements.BUNDLE)
    return found


def _ladder_columns(ladder: Ladder, clock: Clock) -> dict[str, Any]:
    """The rungs whose channel is in use here, by their numbers on the ladder."""
    in_use = channels_in_use()
    rungs = [(number, rung) for number, rung in enumerate(ladder.rungs) if rung.channel in in_use]
    return {
        "rungs": [number for number, _rung in rungs],
        "channels": [rung.channel.value for _number, rung in rungs],
        "contact_kinds": [CONTACT_KIND[rung.channel] for _number, rung in rungs],
        "waits": [rung.wait * clock.pace for _number, rung in rungs],
        "beyond": len(ladder.rungs),
    }
