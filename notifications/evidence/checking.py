"""Recomputes seals from the events as they stand now."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from notifications.evidence.canonical import BELOW_ALL, Row, read_range
from notifications.evidence.merkle import root_of
from notifications.evidence.messages import Altered, compare_messages
from notifications.evidence.verify import GENESIS, hash_leaf, hash_seal
from notifications.models import NoticeEvent, Seal
from notifications.purging import first_kept_seal

PAGE: Final = 100
"""Seals whose events are read with one query."""

Progress = Callable[[int, int], None]
"""Is told how many seals and events have held so far."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is a column of the seal; `sealed` is what it says, `found` what was computed."""

    what: str
    sealed: str
    found: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A seal that does not hold."""

    seal_id: int
    first_id: int
    last_id: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many seals and events held, how many events wait for a seal, and the first seal that is broken, if any.

    `messages`: how many raw messages of providers, named by events that hold, are what they were; `altered` is the
    first that is not.
    """

    seals: int
    events: int
    unsealed: int
    broken: Broken | None
    messages: int = 0
    altered: Altered | None = None


def verify_seals(
    first: int | None = None, last: int | None = None, progress: Progress = lambda _seals, _events: None
) -> Verdict:
    """Recompute the seals numbered `first` to `last`, by default all whose events were not purged, in their order, up
    to the first broken one, and the digests of the raw messages that their events came of.

    Found is whatever was changed, removed or added in what they cover. Not found is that the newest seals are gone
    together with their events: against that somebody else has to know the hash of one.
    """
    seals = events = messages = 0
    first = first_kept_seal() if first is None else first
    before = Seal.objects.filter(pk__lt=first).order_by("-pk").first() if first is not None else None
    while page := _next_page(before, first, last):
        held, broken = _judge(page, before)
        seals, events = seals + len(held), events + sum(seal.count for seal in held)
        same, altered = _compare_below(held, before)
        messages += same
        if broken or altered:
            return Verdict(seals, events, _unsealed(), broken, messages, altered)
        progress(seals, events)
        before = page[-1]
    return Verdict(seals, events, _unsealed(), None, messages)


def _compare_below(held: Sequence[Seal], before: Seal | None) -> tuple[int, Altered | None]:
    return compare_messages(before.last_id if before else BELOW_ALL, held[-1].last_id) if held else (0, None)


def _next_page(before: Seal | None, first: int | None, last: int | None) -> list[Seal]:
    seals = Seal.objects.order_by("pk")
    if before or first is not None:
        seals = seals.filter(pk__gt=before.pk) if before else seals.filter(pk__gte=first)
    return list((seals.filter(pk__lte=last) if last is not None else seals)[:PAGE])


def _judge(page: Sequence[Seal], before: Seal | None) -> tuple[Sequence[Seal], Broken | None]:
    """The seals up to the first that is broken, and what is wrong with it."""
    linked, unlinked = _linked(page, before)
    if not linked:
        return linked, unlinked
    after, held = before.last_id if before else BELOW_ALL, 0
    with read_range(after, linked[-1].last_id) as rows:
        for seal in linked:
            batch = list(islice(rows, seal.count))
            if not batch or batch[-1][0] != seal.last_id or _root_of(batch) != bytes(seal.root):
                break
            after, held = seal.last_id, held + 1
    return linked[:held], unlinked if held == len(linked) else _judge_closely(linked[held], after)


def _judge_closely(seal: Seal, after: int) -> Broken | None:
    """What is wrong with a seal whose range begins after the id `after`."""
    with read_range(after, seal.last_id) as rows:
        return _broken(seal, _differences_below(seal, list(rows)))


def _linked(page: Sequence[Seal], before: Seal | None) -> tuple[Sequence[Seal], Broken | None]:
    """The seals up to the first that does not follow the one before it or is not its own hash, and what is wrong."""
    for place, seal in enumerate(page):
        if found := _broken(seal, _differences_of_link(seal, before)):
            return page[:place], found
        before = seal
    return page, None


def _differences_of_link(seal: Seal, before: Seal | None) -> Iterator[Difference]:
    previous, own = bytes(seal.previous), bytes(seal.hash)
    due = bytes(before.hash) if before else GENESIS
    if previous != due:
        yield Difference("previous", previous.hex(), due.hex())
    if before and seal.first_id != before.last_id + 1:
        yield Difference("first_id", str(seal.first_id), str(before.last_id + 1))
    computed = hash_seal(previous, seal.first_id, seal.last_id, seal.count, bytes(seal.root), seal.sealed_at)
    if own != computed:
        yield Difference("hash", own.hex(), computed.hex())


def _differences_below(seal: Seal, rows: Sequence[Row]) -> Iterator[Difference]:
    if len(rows) != seal.count:
        yield Difference("count", str(seal.count), str(len(rows)))
    yield Difference("root", bytes(seal.root).hex(), _root_of(rows).hex())


def _root_of(rows: Sequence[Row]) -> bytes:
    return root_of([hash_leaf(line.encode()) for _id, line in rows]) if rows else b""


def _broken(seal: Seal, differences: Iterator[Difference]) -> Broken | None:
    found = tuple(differences)
    return Broken(seal.pk, seal.first_id, seal.last_id, found) if found else None


def _unsealed() -> int:
    newest = Seal.objects.newest()
    return NoticeEvent.objects.filter(pk__gt=newest.last_id if newest else BELOW_ALL).count()
