"""How a provider does while it is handed messages: in one run, where it fails throughout, and over all runs together,
where each of them has only a few people to tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from notifications import suppliers
from notifications.channels.base import Outcome, Result

LOOKED_AT: Final = 100
"""So many people told last say how a provider does now."""
TAKEN: Final = frozenset({Result.ACCEPTED, Result.DELIVERED})


@dataclass(slots=True)
class Watch:
    """How the provider does in this run. Once it fails no more is claimed for it.

    A person counts once, with what came last: an address or device may be wrong on purpose, and its owner can make many
    messages of their own.
    """

    provider: str
    channel: str
    recent: dict[int, Outcome] = field(default_factory=dict)
    """By person, the latest at the end."""
    whose: dict[str, int] = field(default_factory=dict)
    """The person of each message that is on its way, by its reference."""
    failing: bool = False
    takes: bool = False
    """Something was taken in this run."""

    def note(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Take these into account, and say so where the provider fails, or works again."""
        self._count(outcomes)
        taken = any(outcome.result in TAKEN for outcome in outcomes)
        if not self.failing and suppliers.fails(self.recent.values(), channel=self.channel):
            self.failing = True
            suppliers.pause(self.provider, why=suppliers.FAILS + outcomes[-1].reason, now=now)
        elif taken and not self.takes:
            suppliers.clear(self.provider, now=now)
        self.takes = self.takes or taken

    def end(self, *, now: datetime) -> None:
        """The run is over: where nobody was taken in it, those who were not count together with those of other runs."""
        if self.takes or self.failing:
            return
        people = [person for person, outcome in self.recent.items() if person and suppliers.not_taken(outcome)]
        if people and suppliers.fails_in_a_row(self.provider, people, now=now):
            reason = self.recent[people[-1]].reason
            suppliers.pause(self.provider, why=suppliers.FAILS + reason, now=now)

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            person = self.whose.pop(outcome.reference, 0)
            self.recent.pop(person, None)
            self.recent[person] = outcome
        for person in list(islice(self.recent, max(0, len(self.recent) - LOOKED_AT))):
            del self.recent[person]
