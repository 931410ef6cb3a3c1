"""Claims deliveries, hands them over and records what became of each, as one stream.

While one block is on its way the next is worded and claimed, so that a provider is never kept waiting. What a block
says is written down with its claim, before any of it is handed over, and outcomes are recorded together as they come.
No transaction and no lock on a row is held while a provider is talked to.

Where a channel has two providers, what the one has just failed to take, or refused for good, is tried by the other.

What a worker that dies leaves behind is freed by `rescue`: it is sent again where that is safe, else it is unconfirmed
and its ladder goes on. `placing` has the messages that are handed to nobody.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from time import monotonic
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from notifications import suppliers
from notifications.channels.base import Channel, ChannelMisconfiguredError, Message, Outcome
from notifications.channels.registry import channel_of, may_go_again
from notifications.claiming import Kept, Line, abandoned, claim, holding
from notifications.composing import Worded, word
from notifications.models import Delivery
from notifications.outcomes import record_outcomes
from notifications.pacing import calls_left
from notifications.placing import place
from notifications.push_sending import send_to_devices
from notifications.states import Status, Step, advance
from notifications.supplier_watch import Watch

logger = logging.getLogger(__name__)
RESCUE_AT_MOST: Final = 500
BLOCK: Final = 250
"""So many are claimed at once: with what is in flight, they are what a killed worker leaves in doubt."""
BLOCK_OF_ONCE: Final = 64
"""The same where nothing in doubt may be sent again: each is one that another channel has to tell."""
RECORD_AT_MOST: Final = 100
RECORD_WITHIN: Final = 0.25
"""Seconds that an outcome waits for others: what is not recorded when a worker dies goes out again."""

Now = Callable[[], datetime]


def dispatch(name: str, *, clock: Now, longest: float = 60.0) -> int:
    """Hand over what channel `name` has to send, until nothing is left or `longest` seconds are over; returns how many
    outcomes were recorded. `clock` tells the time, aware.
    """
    if name == Delivery.Channel.IN_APP:
        return place(clock=clock, longest=longest)
    started = monotonic()
    asked = suppliers.in_turn(name, now=clock())
    if not asked:
        return 0
    first, other = asked[0], next(iter(asked[1:]), None)
    if other is None:
        return _try_first(Line(name), first, clock, until=started + longest)
    # What the first one has just not taken has waited longer, and is seldom much. Half of the time at most, since the
    # other one may be slow.
    done = _try_other(Line(name, failed_by=first), other, clock, until=started + longest / 2)
    return done + _try_first(Line(name, not_failed_by=first), first, clock, until=started + longest)


def _try_first(line: Line, provider: str, clock: Now, *, until: float) -> int:
    """`_hand_over`; one whose settings cannot be used is passed over, so that the next run asks another and operators
    are told.
    """
    try:
        return _hand_over(line, provider, clock, until=until)
    except ChannelMisconfiguredError as fault:
        logger.exception("%s cannot be asked", provider)
        suppliers.pause(provider, why=f"{suppliers.FAILS}{fault}", now=clock())
        return 0


def _try_other(line: Line, provider: str, clock: Now, *, until: float) -> int:
    """`_hand_over`, by a provider without which the first one can do: whatever is wrong with its settings or its
    program, it is passed over, and the first one tries again what it has not taken.
    """
    try:
        return _hand_over(line, provider, clock, until=until)
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise
    except Exception as fault:
        logger.exception("%s could not be asked", provider)
        suppliers.pause(provider, why=f"{suppliers.FAILS}{type(fault).__name__}", now=clock())
        return 0


def _hand_over(line: Line, provider: str, clock: Now, *, until: float) -> int:
    """Hand over what stands in the line, by this provider; returns how many outcomes were recorded."""
    done, watch = 0, Watch(provider, line.channel)
    with holding() as holder, channel_of(provider) as channel:
        messages = _messages(line, channel, holder, clock, watch, until=until)
        # A sweep mostly finds nothing: no connection, loop or thread is made for that.
        if (first := next(messages, None)) is None:
            return 0
        for outcomes in _together(_send(channel, chain([first], messages), clock)):
            record_outcomes(outcomes, channel, now=clock())
            watch.note(outcomes, now=clock())
            done += len(outcomes)
        watch.end(now=clock())
    return done


def _send(channel: Channel, messages: Iterator[Message], clock: Now) -> Iterator[Outcome | None]:
    if channel.name == Delivery.Channel.PUSH:
        return send_to_devices(channel.send, messages, clock=clock)
    return channel.send(messages)


def _messages(
    line: Line, channel: Channel, holder: int, clock: Now, watch: Watch, *, until: float
) -> Iterator[Message]:
    """Messages that are this worker's to send, each written down as claimed before it is given out."""
    block = BLOCK if may_go_again(channel.provider) else BLOCK_OF_ONCE
    while monotonic() < until and not watch.failing:
        worded = _claim(line, channel.provider, holder, clock(), block)
        if worded is None:
            return
        for one in worded:
            if one.message:
                watch.whose[one.message.reference] = one.person
                yield one.message


@transaction.atomic
def _claim(line: Line, provider: str, holder: int, now: datetime, limit: int) -> list[Worded] | None:
    """The next messages, claimed for this worker; None where nothing is to be sent, others are at all of it, or the
    provider has as many calls as it makes for now.

    None of them where others are at all of a full block: there may be more behind it, until the walk has come round.
    """
    left = calls_left(provider, now=now)
    if left is not None and (limit := min(limit, left)) < 1:
        return None
    before = line.after
    tellings = line.tellings(now=now, limit=limit)
    worded, not_now = word(tellings, now=now)
    rows = [one.kept for one in worded] + [Kept(step.delivery_id) for step in not_now]
    if not rows:
        return [] if len(tellings) == limit and line.after > before else None
    claim(rows, holder=holder, provider=provider, now=now)
    advance(not_now, now=now)
    return worded


def _together(outcomes: Iterator[Outcome | None]) -> Iterator[list[Outcome]]:
    """Outcomes in groups: whatever has come by the time that nothing more is there (None), or enough of them, or what
    has come for long enough; also where nothing more comes because something broke.
    """
    group: list[Outcome] = []
    since = monotonic()
    try:
        for outcome in outcomes:
            if outcome is not None:
                group.append(outcome)
            if group and (outcome is None or len(group) >= RECORD_AT_MOST or monotonic() - since > RECORD_WITHIN):
                yield group
                group, since = [], monotonic()
    except Exception:
        if group:
            yield group
        raise
    if group:
        yield group


def rescue(*, now: datetime) -> int:
    """Free what dead workers left in SENDING; returns how many."""
    steps = [_freed(*row, now=now) for row in abandoned(now=now, limit=RESCUE_AT_MOST)]
    return len(advance(steps, now=now))


def _freed(delivery_id: int, provider: str, *, now: datetime) -> Step:
    reason = "its worker died while handing it over"
    if may_go_again(provider):
        # It may have arrived: a receipt that comes meanwhile spares its reader the second copy.
        later = now + settings.RETRY_AFTER
        return Step(delivery_id=delivery_id, to=Status.RETRYING, reason=reason, next_attempt_at=later, in_doubt=True)
    return Step(delivery_id=delivery_id, to=Status.UNCONFIRMED, reason=reason)
