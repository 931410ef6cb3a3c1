"""What to do next about a prompt, given what happened to its tellings. Pure functions.

A ladder is an order of channels with waits; its last rung is a person. The message in the portal is placed with the
first rung and is no rung of its own: it proves nothing until its reader opens it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from notifications.models import Delivery, Prompt

Channel = Delivery.Channel
Status = Delivery.Status

IN_FLIGHT: Final = frozenset({Status.QUEUED, Status.SENDING, Status.RETRYING, Status.SENT})
RECEIPT_WITHIN: Final = {Channel.SMS: timedelta(hours=1), Channel.EMAIL: timedelta(hours=4)}
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
    """The rungs of a kind of prompt, and whether a person takes over where none of them reached anybody."""

    rungs: tuple[Rung, ...]
    ends_with_person: bool = True


_ASKING: Final = Ladder(
    (
        Rung(Channel.SMS, Needs.ACKNOWLEDGED, timedelta(hours=4)),
        Rung(Channel.EMAIL, Needs.DELIVERED, timedelta(hours=4)),
    )
)
_TELLING: Final = Ladder(
    (
        Rung(Channel.EMAIL, Needs.DELIVERED, timedelta(hours=4)),
        Rung(Channel.SMS, Needs.DELIVERED, timedelta(hours=4)),
    ),
    ends_with_person=False,
)
LADDERS: Final[dict[str, Ladder]] = {
    Prompt.Kind.UPCOMING: _ASKING,
    Prompt.Kind.OVERDUE: _ASKING,
    Prompt.Kind.PAYMENT_RECEIVED: _TELLING,
    Prompt.Kind.PAYMENT_SETTLED: _TELLING,
    Prompt.Kind.DISPUTE_OPENED: _TELLING,
    Prompt.Kind.DISPUTE_ANSWERED: _TELLING,
    Prompt.Kind.DISPUTE_DECIDED: Ladder(_TELLING.rungs, ends_with_person=True),
}


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery as the ladder sees it. `started_at`: when it was, or is to be, handed over."""

    channel: str
    status: str
    rung: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Climb:
    """Tell it on the first rung at or after `rung` that the borrower can be reached on."""

    rung: int
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """It provably arrived and there is nothing more to try."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """No channel is left and nothing arrived, or there is no time left to find out: a person's turn."""

    why: str


Decision = Wait | Climb | Told | Unreached

NOT_DELIVERED: Final = "not delivered"
NOT_ACKNOWLEDGED: Final = "not acknowledged in time"
NO_CHANNEL_LEFT: Final = "no channel reached them"
NO_TIME_LEFT: Final = "nothing arrived and the time to act is running out"


def decide(
    ladder: Ladder,
    *,
    rung: int,
    tellings: Sequence[Telling],
    now: datetime,
    deadline: datetime | None = None,
    pace: float = 1.0,
) -> Decision:
    """What to do now about an unacknowledged prompt that stands on `rung`.

    `deadline` is the last moment at which a person still has time to act before the due date; `pace` multiplies the
    waits (a demonstration runs faster than life). `rung` may be `len(ladder.rungs)`: nothing was left to try at all.
    """
    arrived = any(telling.status == Status.DELIVERED for telling in tellings)
    if not arrived and deadline is not None and now >= deadline:
        return Unreached(NO_TIME_LEFT)
    step = _on_rung(ladder, rung, tellings, now, pace, arrived=arrived)
    if isinstance(step, Wait) and deadline is not None and not arrived:
        return Wait(min(step.until, deadline))
    return step


def _on_rung(
    ladder: Ladder, rung: int, tellings: Sequence[Telling], now: datetime, pace: float, *, arrived: bool
) -> Decision:
    current = [telling for telling in tellings if telling.rung == rung and telling.channel != Channel.IN_APP]
    if rung >= len(ladder.rungs) or not current:
        return _after(ladder, rung, NOT_DELIVERED, arrived=arrived)
    step = ladder.rungs[rung]
    patience = max(telling.started_at for telling in current) + step.wait * pace
    if any(telling.status == Status.DELIVERED for telling in current):
        if step.needs is Needs.DELIVERED:
            return Told()
        return Wait(patience) if now < patience else _after(ladder, rung, NOT_ACKNOWLEDGED, arrived=True)
    if any(telling.status in IN_FLIGHT for telling in current) and now < patience:
        return Wait(patience)
    return _after(ladder, rung, NOT_DELIVERED, arrived=arrived)


def _after(ladder: Ladder, rung: int, why: str, *, arrived: bool) -> Decision:
    if rung + 1 < len(ladder.rungs):
        return Climb(rung + 1, why)
    return Told() if arrived else Unreached(NO_CHANNEL_LEFT)
