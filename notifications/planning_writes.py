"""Writes what is planned: prompts, their first deliveries and the events, a few statements for any number of them."""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from notifications import duties, planning_statements, table_statistics
from notifications.clock import Clock
from notifications.ladder import ladder_of
from notifications.models import Prompt
from notifications.planning_ways import chosen, columns, columns_of, joins, those, ways_of
from notifications.slots import Slot

_READ: Final = ("accounts_user", "accounts_contactpoint", "loans_loan", "loans_installment", "loans_payment")


class People(NamedTuple):
    """Those with an id above `after`, up to `upto`; everybody where neither is told."""

    after: int | None = None
    upto: int | None = None


EVERYBODY: Final = People()


def write(kind: Prompt.Kind, source: str, clock: Clock, parameters: dict[str, Any], slots: Sequence[Slot] = ()) -> int:
    """Write what `source` finds and nobody has planned yet; returns how many prompts are new. What a firm has to send
    of these `slots` of the calendar is held for it.
    """
    table_statistics.refresh(_READ)
    details = {"kind": kind, "stage": parameters.get("stage", 0), "held_by": parameters.get("held_by", "")}
    if not details["held_by"]:
        del details["held_by"]
    everything = {**parameters_of(kind, clock), "details": json.dumps(details), **parameters}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(planning_statements.CLEAR)
        with_ways = planning_statements.WITH_WAYS.replace("{source}", source)
        if not number(kind, with_ways, clock, everything, subject="candidate"):
            return 0
        assigned = duties.assign(kind, slots, clock) if slots else 0
        cursor.execute(planning_statements.PROMPTS + planning_statements.WHERE_NEW, everything)
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(planning_statements.KEEP, {"ids": ids})
        cursor.execute(planning_statements.DELIVERIES, everything)
        cursor.execute(planning_statements.EVENTS, everything)
        if assigned:
            duties.write_duties(now=clock.now, of=ids)
    return len(ids)


def parameters_of(kind: Prompt.Kind, clock: Clock, people: People = EVERYBODY) -> dict[str, Any]:
    """What each statement about `kind` is given."""
    ladder = ladder_of(kind)
    ways = columns_of(ways_of(ladder, clock))
    return {"kind": kind, "now": clock.now, "beyond": len(ladder.rungs), **people._asdict(), **ways}


def number(kind: Prompt.Kind, source: str, clock: Clock, parameters: dict[str, Any], *, subject: str) -> int:
    """Number the prompts that `source` finds, into `planning_prompt`, until the commit; returns how many there are.

    In `source` the table `subject` names whom the first way is looked for, and the firms whose loan it is about.
    """
    ways = ways_of(ladder_of(kind), clock)
    found = source.format(
        chosen=chosen(ways),
        columns=columns(ways),
        joins=joins(ways, subject),
        those=those(f"{subject}.borrower_id"),
        those_people=those("person.id"),
        those_fresh=those("fresh.borrower_id"),
    )
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.NUMBER.format(source=found), parameters)
        numbered = int(cursor.rowcount)
        cursor.execute(planning_statements.BESIDE)
        if cursor.fetchone()[0]:
            cursor.execute(planning_statements.BUNDLE)
    return numbered
