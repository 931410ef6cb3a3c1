"""What receipts say about the contact points: that something arrived there, or that they will never work."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import connection

from accounts.contact_points import mark_reached, mark_unreachable
from notifications import arrays
from notifications.channels.registry import suppliers_for
from notifications.heard import Heard
from notifications.models import Delivery
from notifications.reach import closes
from notifications.receipt_statements import BLAMED


def mark_contact_points(heard: Sequence[Heard], reached: Collection[int], now: datetime) -> None:
    """Lift the marks of those marked that something `reached`, and mark those that are blamed and may be.

    The moves have been made. What arrived counts from `now` on, later than whatever is blamed was handed over, so that
    the order within a set says nothing.
    """
    if reached:
        mark_reached(sorted(reached))
    blaming = [one for one in heard if one.record.permanent and _is_believed(one.letter.channel, one.letter.provider)]
    if not blaming:
        return
    points = _may_be_blamed({one.delivery_id for one in blaming if one.delivery_id}, now)
    first: dict[int, str] = {}
    for one in blaming:
        point = points.get((one.delivery_id, one.letter.channel))
        if point is not None:
            first.setdefault(point, one.record.reason)
    by_reason: dict[str, list[int]] = {}
    for point, reason in first.items():
        by_reason.setdefault(reason, []).append(point)
    for reason, marked in by_reason.items():
        mark_unreachable(marked, reason=reason, now=now)


def _is_believed(channel: str, provider: str) -> bool:
    """One that stands in for the first may not serve a number's country, and would mark it dead for both. Of an address
    for mail its own system speaks, whoever asks it.
    """
    return channel == Delivery.Channel.EMAIL or provider not in suppliers_for(channel)[1:]


def _may_be_blamed(delivery_ids: Iterable[int], now: datetime) -> dict[tuple[int | None, str], int]:
    """By delivery and its channel, the contact points of those deliveries of which a blame is believed."""
    with connection.cursor() as cursor:
        cursor.execute(BLAMED, {"now": now, "ids": arrays.numbers(delivery_ids)})
        rows: list[tuple[int, str, int, str]] = cursor.fetchall()
    return {(pk, channel): point for pk, channel, point, address in rows if closes(channel, address)}
