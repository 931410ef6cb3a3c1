"""The way from one event to its seal: what shows that the event was there when the seal was made."""

from collections.abc import Collection
from dataclasses import dataclass

from notifications.evidence.canonical import BELOW_ALL, read_events, read_range
from notifications.evidence.merkle import path_to
from notifications.evidence.verify import hash_leaf
from notifications.models import Seal


class NotSealedError(LookupError):
    """There is no such event, or no seal covers it yet. The text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """`index` is the place of the event among those of `seal`; `path` leads from its leaf to the root, lowest first."""

    event_id: int
    seal: Seal
    index: int
    path: tuple[bytes, ...]


def path_of(event_id: int) -> Inclusion:
    """The path of one event. Raises NotSealedError."""
    if found := paths_of([event_id]).get(event_id):
        return found
    if read_events([event_id]):
        raise NotSealedError(f"Event {event_id} is not sealed yet: the next sweep does it within seconds.")
    raise NotSealedError(f"There is no event {event_id}.")


def paths_of(event_ids: Collection[int]) -> dict[int, Inclusion]:
    """The paths of those of these events that are sealed; each seal's events are read once."""
    found: dict[int, Inclusion] = {}
    wanted = sorted(event_ids)
    while wanted:
        seal = Seal.objects.from_event(wanted[0]).first()
        if seal is None:
            break
        below = [event_id for event_id in wanted if event_id <= seal.last_id]
        found |= _paths_below(seal, below)
        wanted = wanted[len(below) :]
    return found


def _paths_below(seal: Seal, event_ids: Collection[int]) -> dict[int, Inclusion]:
    before = Seal.objects.filter(last_id__lt=seal.first_id).newest()
    with read_range(before.last_id if before else BELOW_ALL, seal.last_id) as read:
        rows = list(read)
    leaves = [hash_leaf(line.encode()) for _id, line in rows]
    places = {event_id: index for index, (event_id, _line) in enumerate(rows)}
    return {
        event_id: Inclusion(event_id, seal, places[event_id], path_to(leaves, places[event_id]))
        for event_id in event_ids
        if event_id in places
    }
