"""What receipts say about the contact points: that something arrived there, or that they will never work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.contact_points import mark_reached, mark_unreachable
from notifications.channels.base import ReceiptKind
from notifications.channels.registry import suppliers_for
from notifications.heard import Heard
from notifications.models import Delivery
from notifications.reach import closes


@dataclass(slots=True)
class _Mark:
    """`reached` lifts what was marked before; `reason` then marks it anew, with the first that was given."""

    reached: bool = False
    reason: str | None = None


def mark_contact_points(heard: Sequence[Heard], moved: set[int], reached: Collection[int], now: datetime) -> None:
    """Mark them, or lift their marks, as if each receipt had been heard alone: what was said last holds.

    `moved` are the places of what moved a delivery; `reached` the marked contact points that something arrived at.
    """
    blaming = [
        place
        for place, one in enumerate(heard)
        if one.delivery_id and one.record.permanent and _is_believed(one.letter.channel, one.letter.provider)
    ]
    if not blaming:
        if reached:
            mark_reached(sorted(reached))
        return
    arrived = [place for place in moved if heard[place].record.kind is ReceiptKind.DELIVERED]
    marks = _fold(heard, sorted({*blaming, *arrived}), set(blaming))
    if lifted := sorted(point for point, mark in marks.items() if mark.reached):
        mark_reached(lifted)
    by_reason: dict[str, list[int]] = {}
    for point, mark in marks.items():
        if mark.reason is not None:
            by_reason.setdefault(mark.reason, []).append(point)
    for reason, points in by_reason.items():
        mark_unreachable(points, reason=reason, now=now)


def _is_believed(channel: str, provider: str) -> bool:
    """One that stands in for the first may not serve a number's country, and would mark it dead for both. Of an address
    for mail its own system speaks, whoever asks it.
    """
    return channel == Delivery.Channel.EMAIL or provider not in suppliers_for(channel)[1:]


def _fold(heard: Sequence[Heard], places: Sequence[int], blaming: set[int]) -> dict[int, _Mark]:
    told = Delivery.objects.filter(pk__in={heard[place].delivery_id for place in places}, contact_point__isnull=False)
    columns = told.values_list("pk", "channel", "contact_point_id", "address")
    points = {(pk, channel): (point, address) for pk, channel, point, address in columns}
    marks: dict[int, _Mark] = {}
    for place in places:
        one = heard[place]
        point, address = points.get((one.delivery_id or 0, one.letter.channel), (None, ""))
        if point is None:
            continue
        if place not in blaming:
            marks[point] = _Mark(reached=True)
        elif closes(one.letter.channel, address):
            mark = marks.setdefault(point, _Mark())
            mark.reason = one.record.reason if mark.reason is None else mark.reason
    return marks
