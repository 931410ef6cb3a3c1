"""What to do next about a prompt, given what happened to its tellings. Pure functions.

A ladder is an order of channels with waits; its last rung is a person. The message in the portal is placed with the
first rung and is no rung of its own: it proves nothing until its reader opens it.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from notifications.models import Delivery, Prompt

Channel = Delivery.Channel
Status = Delivery.Status

OFF_THE_LADDER: Final = 99
"""The rung of what an agent sent again: above every ladder, so that it is listed last and is never the current one."""
BEFORE_THE_FIRST: Final = -1
"""The rung of who stands on none yet: all of them are ahead."""
UNPLACED: Final = frozenset({Status.QUEUED, Status.SENDING, Status.RETRYING})
PLACED: Final = frozenset({Status.SENT, Status.DELIVERED})
"""Of a message in the portal: it will lie there, it does."""
PLACED_WITHIN: Final = timedelta(minutes=10)
"""How often it is looked whether what is to lie in the portal does."""
IN_FLIGHT: Final = frozenset({Status.QUEUED, Status.SENDING, Status.RETRYING, Status.SENT})
UNSAID: Final = frozenset({Status.SENDING, Status.SENT, Status.UNCONFIRMED})
"""Handed over, or perhaps, and nobody has said what became of it."""
RECEIPT_WITHIN: Final = {
    Channel.SMS: timedelta(hours=1),
    Channel.EMAIL: timedelta(hours=4),
    Channel.PUSH: timedelta(minutes=30),
    Channel.VOICE: timedelta(minutes=15),
}
"""How long a provider has for its receipt before a telling counts as unconfirmed."""


class Needs(Enum):
    """What ends a rung well: proof that it arrived, or the borrower's own "I know"."""

    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step: a channel, what it must achieve, and how long the next one waits for that."""

    channel: Delivery.Channel
    needs: Needs
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of a kind of prompt, and whether a person takes over where none of them reached anybody; else what lies
    in the portal is enough.
    """

    rungs: tuple[Rung, ...]
    ends_with_person: bool = True


_ASKING: Final = Ladder(
    (
        Rung(Channel.PUSH, Needs.ACKNOWLEDGED, timedelta(hours=3)),
        Rung(Channel.SMS, Needs.ACKNOWLEDGED, timedelta(hours=4)),
        Rung(Channel.EMAIL, Needs.DELIVERED, timedelta(hours=4)),
        Rung(Channel.VOICE, Needs.ACKNOWLEDGED, timedelta(hours=2)),
    )
)
_TELLING: Final = Ladder(
    (
        Rung(Channel.PUSH, Needs.DELIVERED, timedelta(hours=2)),
        Rung(Channel.EMAIL, Needs.DELIVERED, timedelta(hours=4)),
        Rung(Channel.SMS, Needs.DELIVERED, timedelta(hours=4)),
    ),
    ends_with_person=False,
)
_TELLING_FOR_SURE: Final = Ladder(_TELLING.rungs, ends_with_person=True)
LADDERS: Final[dict[str, Ladder]] = {
    Prompt.Kind.UPCOMING: _ASKING,
    Prompt.Kind.OVERDUE: _ASKING,
    Prompt.Kind.PRIOR_NOTICE: _ASKING,
    Prompt.Kind.SCHEDULE_CHANGED: _TELLING_FOR_SURE,
    Prompt.Kind.OUTAGE_DECLARED: _TELLING,
    Prompt.Kind.PAYMENT_RECEIVED: _TELLING,
    Prompt.Kind.PAYMENT_SETTLED: _TELLING,
    Prompt.Kind.PAYMENT_RETURNED: _TELLING_FOR_SURE,
    Prompt.Kind.DISPUTE_OPENED: _TELLING,
    Prompt.Kind.DISPUTE_ANSWERED: _TELLING,
    Prompt.Kind.DISPUTE_DECIDED: _TELLING_FOR_SURE,
}


FAULTY: Final = "its ladder could not be looked at"
"""Why a live prompt tells nobody: the reason that it has until a look succeeds."""


def ladder_of(kind: str) -> Ladder:
    """The ladder of a kind of prompt. Raises KeyError for a kind that has none: the start's checks refuse that."""
    return LADDERS[kind]


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery as the ladder sees it. `started_at`: when it was, or is to be, handed over; `capped`: a cap holds it
    until then.
    """

    channel: str
    status: str
    rung: int
    started_at: datetime
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Climb:
    """Tell it on this rung."""

    rung: int
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """It provably arrived and there is nothing more to try."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """No channel is left and nothing arrived, or there is no time left to find out: a person's turn."""

    why: str


@dataclass(frozen=True, slots=True)
class InPortal:
    """No channel is left and nothing arrived, and nobody need call: the message lies in the portal."""

    why: str


Decision = Wait | Climb | Told | Unreached | InPortal

NOT_DELIVERED: Final = "not delivered"
NOT_CONFIRMED: Final = "not confirmed in time"
"""It may have arrived: nobody has said so, nor that it did not."""
NOT_ACKNOWLEDGED: Final = "not acknowledged in time"
CAPPED: Final = "held by a cap"
NO_CHANNEL_LEFT: Final = "no channel reached them"
NO_TIME_LEFT: Final = "nothing arrived and the time to act is running out"


@dataclass(frozen=True, slots=True)
class Course:
    """A ladder as one person climbs it: `order` names its rungs, by their numbers, in the order of trying.

    `deadline` is the last moment at which a person still has time to act before the due date; `pace` multiplies the
    waits (a demonstration runs faster than life). What is left to try at `last_call`, the last of the contact hours
    before it is too late, is told then: earlier than its turn rather than at an odd hour.
    """

    ladder: Ladder
    order: tuple[int, ...]
    deadline: datetime | None = None
    pace: float = 1.0
    last_call: datetime | None = None

    @classmethod
    def of(
        cls,
        ladder: Ladder,
        *,
        open_to: Container[str] | None = None,
        places: Mapping[str, int] | None = None,
        deadline: datetime | None = None,
        pace: float = 1.0,
        last_call: datetime | None = None,
    ) -> "Course":
        """The course of somebody who can be reached on `open_to` (None: on all) and gave channels `places`."""
        chosen = places or {}
        numbers = [number for number, rung in enumerate(ladder.rungs) if open_to is None or rung.channel in open_to]
        numbers.sort(key=lambda number: (chosen.get(ladder.rungs[number].channel, UNCHOSEN), number))
        return cls(ladder, tuple(numbers), deadline, pace, last_call)

    def after(self, rung: int) -> tuple[int, ...]:
        """The rungs still ahead of one who stands on `rung`; all those not yet tried where it is not on the course."""
        return self.order[self.order.index(rung) + 1 :] if rung in self.order else self.order

    def left(self, rung: int, tried: Container[int]) -> "Course":
        """What is left of it for one who stands on `rung`: also what has come to stand before that meanwhile, since the
        person's order, or their channels, have changed.
        """
        return replace(self, order=tuple(number for number in self.order if number != rung and number not in tried))

    def patience(self, rung: int, started_at: datetime) -> datetime:
        """Until when a rung is waited on: as long as it asks for, but so that all rungs ahead get a like share of the
        time that is left before the deadline.
        """
        wait = self.ladder.rungs[rung].wait * self.pace
        if self.deadline is not None and self.deadline > started_at:
            wait = min(wait, (self.deadline - started_at) / (len(self.after(rung)) + 1))
        until = started_at + wait
        return min(until, self.last_call) if self.last_call and started_at < self.last_call else until


UNCHOSEN: Final = 100
"""Stands behind every place that a person can give a channel."""


def decide(course: Course, *, rung: int, tellings: Sequence[Telling], now: datetime) -> Decision:
    """What to do now about an unacknowledged prompt that stands on `rung`, a number of the ladder.

    `rung` may be `len(ladder.rungs)`: nothing was left to try at all.
    """
    decision = _outside(course, rung, tellings, now)
    if not isinstance(decision, Unreached) or course.ladder.ends_with_person:
        return decision
    in_portal = {telling.status for telling in tellings if telling.channel == Channel.IN_APP}
    if in_portal & UNPLACED:
        return Wait(now + PLACED_WITHIN * course.pace)
    return InPortal(decision.why) if in_portal & PLACED else decision


def _outside(course: Course, rung: int, tellings: Sequence[Telling], now: datetime) -> Decision:
    """The same, whatever lies in the portal."""
    course = course.left(rung, _tried(course.ladder, tellings))
    arrived = any(telling.status == Status.DELIVERED for telling in tellings)
    deadline = course.deadline
    if not arrived and deadline is not None and now >= deadline:
        return Unreached(NO_TIME_LEFT)
    step = _on_rung(course, rung, tellings, now, arrived=arrived)
    if isinstance(step, Wait) and deadline is not None and not arrived:
        return Wait(min(step.until, deadline))
    return step


def _tried(ladder: Ladder, tellings: Sequence[Telling]) -> set[int]:
    """The rungs on which it was told, and those on whose channel it arrived, though an agent had sent it there."""
    arrived_on = {telling.channel for telling in tellings if telling.status == Status.DELIVERED}
    told = {telling.rung for telling in tellings if telling.channel != Channel.IN_APP}
    return told | {number for number, rung in enumerate(ladder.rungs) if rung.channel in arrived_on}


def _on_rung(course: Course, rung: int, tellings: Sequence[Telling], now: datetime, *, arrived: bool) -> Decision:
    ladder = course.ladder
    current = [telling for telling in tellings if telling.rung == rung and telling.channel != Channel.IN_APP]
    if rung >= len(ladder.rungs) or not current:
        return _next(course, rung, tellings, now, NOT_DELIVERED, arrived=arrived)
    if all(telling.capped and telling.started_at > now for telling in current) and isinstance(
        beside := _next(course, rung, tellings, now, CAPPED, arrived=arrived), Climb
    ):
        return beside
    step = ladder.rungs[rung]
    patience = course.patience(rung, max(telling.started_at for telling in current))
    if any(telling.status == Status.DELIVERED for telling in current):
        if step.needs is Needs.DELIVERED:
            return Told()
        return Wait(patience) if now < patience else _next(course, rung, tellings, now, NOT_ACKNOWLEDGED, arrived=True)
    if any(telling.status in IN_FLIGHT for telling in current) and now < patience:
        return Wait(patience)
    silent = any(telling.status in UNSAID for telling in current)
    return _next(course, rung, tellings, now, NOT_CONFIRMED if silent else NOT_DELIVERED, arrived=arrived)


def _next(
    course: Course, rung: int, tellings: Sequence[Telling], now: datetime, why: str, *, arrived: bool
) -> Decision:
    """The next of the rungs that are left. Where none is, what a cap holds is waited for."""
    if ahead := course.after(rung):
        return Climb(ahead[0], why)
    held = [
        course.patience(one.rung, one.started_at)
        for one in tellings
        if one.capped and one.started_at > now and one.rung < len(course.ladder.rungs)
    ]
    if held and not arrived:
        return Wait(min(held))
    return Told() if arrived else Unreached(NO_CHANNEL_LEFT)
