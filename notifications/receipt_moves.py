"""Lets receipts move their deliveries, as sets, by the state machine of `notifications.states`.

What comes of a set is what would come of its receipts one by one, in the order in which they were heard.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from notifications import arrays
from notifications.channels.base import ReceiptKind
from notifications.events import Fact, record_all
from notifications.heard import TARGET, Heard, Letter, letters_of, turns
from notifications.ladder import LADDERS, Needs
from notifications.models import Delivery, NoticeEvent
from notifications.partner_news import tell_arrived
from notifications.receipt_marks import mark_contact_points
from notifications.receipt_statements import MOVE, REFUSED
from notifications.states import ALLOWED, Status

_ALLOWED: Final = arrays.texts(f"{origin}>{target}" for target in TARGET.values() for origin in ALLOWED[target])

_ENOUGH: Final = arrays.texts(
    f"{kind}.{number}"
    for kind, ladder in LADDERS.items()
    for number, rung in enumerate(ladder.rungs)
    if rung.needs is Needs.DELIVERED
)
"""Kinds of prompts with the rungs that end well by arriving, so that the ladder has something to decide."""

UNPROVED: Final = frozenset({"smtp"})
"""Whose reports nobody signs and no secret of theirs guards: whoever has seen our mail's envelope can write one."""


def apply(heard: Sequence[Heard], now: datetime) -> set[int]:
    """Move the deliveries, in a transaction of the caller's; returns the places in `heard` of what moved one.

    Several about one delivery are taken in turn. The events of a move and of a contradiction name the message and the
    SHA-256 of its bytes; a "failed" after "delivered" leaves the delivery as it is, and so does an unproved
    "delivered" after "failed".
    """
    moved: set[int] = set()
    reached: set[int] = set()
    for turn in turns(heard):
        ids, points = _move([heard[place] for place in turn], now)
        reached |= points
        arrived = {place for place in turn if heard[place].delivery_id in ids}
        moved |= arrived
        _record_conflicts([heard[place] for place in turn if place not in arrived], now)
    mark_contact_points(heard, reached, now)
    delivered = [heard[place] for place in moved if TARGET[heard[place].record.kind] == Status.DELIVERED]
    tell_arrived({_delivery_of(one) for one in delivered}, at=now)
    return moved


def _move(asked: Sequence[Heard], now: datetime) -> tuple[set[int], set[int]]:
    """The deliveries that moved, and the contact points marked unreachable that something has now arrived at."""
    asked = sorted(asked, key=_delivery_of)
    targets = [TARGET[one.record.kind] for one in asked]
    with connection.cursor() as cursor:
        cursor.execute(
            MOVE,
            {
                **columns_of(letters_of(asked)),
                "now": now,
                "allowed": _ALLOWED,
                "enough": _ENOUGH,
                "unproved": arrays.texts(UNPROVED),
                "ids": arrays.numbers(one.delivery_id for one in asked),
                "callbacks": arrays.numbers(one.letter.callback_id for one in asked),
                "targets": arrays.texts(targets),
                "reasons": arrays.texts(
                    one.record.reason[:200] if target == Status.FAILED else ""
                    for one, target in zip(asked, targets, strict=True)
                ),
                "references": arrays.texts(one.record.provider_reference[:120] for one in asked),
            },
        )
        ids, points = cursor.fetchone()
    return set(ids or ()), set(points or ())


def columns_of(letters: Collection[Letter]) -> dict[str, Any]:
    """The messages as the parameters that the statements share."""
    return {
        "letters": arrays.numbers(one.callback_id for one in letters),
        "channels": arrays.texts(one.channel for one in letters),
        "providers": arrays.texts(one.provider for one in letters),
        "digests": arrays.texts(one.sha256 for one in letters),
        "received": arrays.texts(one.received_at.isoformat() for one in letters),
    }


def _record_conflicts(unmoved: Iterable[Heard], now: datetime) -> None:
    """Of one turn: at this place of the order each delivery is what those before have made of it."""
    said = {_delivery_of(one): one for one in unmoved if _may_contradict(one)}
    if not said:
        return
    with connection.cursor() as cursor:
        cursor.execute(REFUSED, [arrays.numbers(said)])
        rows = cursor.fetchall()
    record_all(
        [
            Fact(
                kind=NoticeEvent.Kind.CONFLICT,
                borrower_id=borrower_id,
                installment_id=installment_id,
                prompt_id=prompt_id,
                delivery_id=pk,
                data={
                    "channel": channel,
                    "reason": said[pk].record.reason,
                    "callback": said[pk].letter.callback_id,
                    "sha256": said[pk].letter.sha256,
                },
            )
            for pk, channel, status, prompt_id, borrower_id, installment_id in rows
            if status == _CONTRADICTED[said[pk].record.kind] and channel == said[pk].letter.channel
        ],
        at=now,
    )


_CONTRADICTED: Final = {
    ReceiptKind.FAILED: Delivery.Status.DELIVERED,
    ReceiptKind.DELIVERED: Delivery.Status.FAILED,
}
"""By what is said, the state that it contradicts."""


def _may_contradict(one: Heard) -> bool:
    """An arrival that is proved moves whatever failed, so that one which moved nothing was known already."""
    unproved = one.letter.provider in UNPROVED
    return one.record.kind is ReceiptKind.FAILED or (one.record.kind is ReceiptKind.DELIVERED and unproved)


def _delivery_of(heard: Heard) -> int:
    return heard.delivery_id or 0
