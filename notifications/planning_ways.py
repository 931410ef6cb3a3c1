"""The first way to reach each person of a plan, as SQL: on the first rung, in the order that they chose, whose channel
is open to them.

One join for each kind of contact point and one for each rung's preference find it without sorting or grouping: a person
has at most one live point of a kind and one preference a channel, and both are unique in the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from notifications.clock import Clock
from notifications.ladder import Ladder
from notifications.reach import CONTACT_KIND, channels_in_use

_POINT: Final = """
LEFT JOIN accounts_contactpoint AS {kind}_point
       ON {kind}_point.user_id = {borrower} AND {kind}_point.kind = '{kind}'
      AND {kind}_point.retired_at IS NULL AND {kind}_point.unreachable_since IS NULL AND {those}
      AND ({kind}_point.named_by = '{{}}'
           OR {kind}_point.named_by && ARRAY[{subject}.bank_id, {subject}.platform_id])"""
_PREFERENCE: Final = """
LEFT JOIN notifications_preference AS likes_{place}
       ON likes_{place}.user_id = {borrower} AND likes_{place}.channel = '{channel}' AND {those}"""
_OPEN: Final = """
CASE WHEN {kind}_point.id IS NOT NULL AND likes_{place}.enabled IS NOT FALSE
     THEN COALESCE(likes_{place}.place, 100) * 256 + {place} END"""
"""The person's own order in the upper bits, the rung's place in the lowest eight; the least is the first way."""


@dataclass(frozen=True, slots=True)
class Way:
    """A rung whose channel is in use here; `number` is its place on the ladder."""

    number: int
    channel: str
    kind: str
    wait: timedelta


def ways_of(ladder: Ladder, clock: Clock) -> list[Way]:
    """The rungs whose channel is in use here, in their order."""
    in_use = channels_in_use()
    return [
        Way(number, rung.channel.value, CONTACT_KIND[rung.channel], rung.wait * clock.pace)
        for number, rung in enumerate(ladder.rungs)
        if rung.channel in in_use
    ]


def columns_of(ways: Sequence[Way]) -> dict[str, Any]:
    """The ways as the arrays in which `CHOSEN` finds them by their place, from 1."""
    return {
        "rungs": [way.number for way in ways],
        "channels": [way.channel for way in ways],
        "waits": [way.wait for way in ways],
    }


def those(person: str) -> str:
    """That `person`, a column, is among those who are asked for; said of each table, so that its index finds them."""
    return f"(%(upto)s::bigint IS NULL OR {person} > %(after)s AND {person} <= %(upto)s)"


def joins(ways: Sequence[Way], subject: str) -> str:
    """What is to be joined; the table `subject` has the person's id and those of the loan's two firms."""
    borrower = f"{subject}.borrower_id"
    asked = {kind: those(f"{kind}_point.user_id") for kind in _kinds(ways)}
    points = [_POINT.format(kind=kind, borrower=borrower, those=asked[kind], subject=subject) for kind in asked]
    preferences = [
        _PREFERENCE.format(place=n, channel=way.channel, borrower=borrower, those=those(f"likes_{n}.user_id"))
        for n, way in enumerate(ways, 1)
    ]
    return "".join(points + preferences)


def columns(ways: Sequence[Way]) -> str:
    """The columns to be selected beside the joins: `way` (NULL where nothing is open) and the points by their kind."""
    choices = [_OPEN.format(place=place, kind=way.kind) for place, way in enumerate(ways, 1)]
    least = f"LEAST({', '.join(choices)}) & 255" if choices else "NULL::int"
    points = [f"{kind}_point.id AS {kind}_point_id, {kind}_point.address AS {kind}_address" for kind in _kinds(ways)]
    return ", ".join([f"{least} AS way", *points])


def chosen(ways: Sequence[Way]) -> str:
    """What `columns` of the subquery `owed` come to: contact_point_id, address, rung, wait, channel."""
    return f"""
{_of_the_way(ways, "point_id", "bigint")} AS contact_point_id, {_of_the_way(ways, "address", "text")} AS address,
(%(rungs)s::int[])[owed.way] AS rung, (%(waits)s::interval[])[owed.way] AS wait,
(%(channels)s::text[])[owed.way] AS channel"""


def _of_the_way(ways: Sequence[Way], column: str, kind_of_column: str) -> str:
    cases = [f"WHEN {place} THEN owed.{way.kind}_{column}" for place, way in enumerate(ways, 1)]
    return f"CASE owed.way {' '.join(cases)} END" if cases else f"NULL::{kind_of_column}"


def _kinds(ways: Sequence[Way]) -> list[str]:
    return list(dict.fromkeys(way.kind for way in ways))
