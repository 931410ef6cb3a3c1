"""What becomes of a telling, by chance: the same telling has the same luck under every policy."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from notifications.models import Delivery

Channel = Delivery.Channel

USUAL_RATES: Final[Mapping[str, float]] = {
    Channel.SMS: 0.97,
    Channel.EMAIL: 0.95,
    Channel.PUSH: 0.85,
    Channel.VOICE: 0.6,
}
"""Shares that arrive, as a first guess; give your own."""
_RECEIPT_AFTER: Final = timedelta(minutes=1)
_ANSWERS_WITHIN: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Luck:
    """Whether it arrived, when that is known, and when its reader answers, if ever; UTC."""

    arrived: bool
    known_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dice:
    """`rates`: the share of each channel that arrives; `answering`: of those the share that says "I know"; `reporting`:
    of what firms have to send the share that they report in time, as it has to be.
    """

    seed: int = 1
    rates: Mapping[str, float] = field(default_factory=lambda: dict(USUAL_RATES))
    answering: float = 0.3
    reporting: float = 1.0

    def reports(self, prompt: str) -> bool:
        """Whether the firm that has to send this prompt reports it in time."""
        return random.Random(f"{self.seed}:{prompt}:firm").random() < self.reporting  # noqa: S311

    def throw(self, telling: str, channel: str, at: datetime) -> Luck:
        """The luck of the telling of this name, handed over at `at`."""
        chance = random.Random(f"{self.seed}:{telling}:{channel}")  # noqa: S311
        arrives, answers, how_late = chance.random(), chance.random(), chance.random()
        known_at = at + _RECEIPT_AFTER
        if arrives >= self.rates.get(channel, 0.0):
            return Luck(False, known_at, None)
        return Luck(True, known_at, known_at + how_late * _ANSWERS_WITHIN if answers < self.answering else None)
