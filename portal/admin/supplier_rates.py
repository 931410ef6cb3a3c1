"""How much of what each provider took has arrived, and how fast, drawn and in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Final

from django.utils.translation import gettext

from notifications.supplier_rates import BOUNDS, Rate, read_rates
from portal.admin.spans import span_words

WIDTH: Final = 200
"""Of a drawing, in its own units: all that was taken."""
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: from where on, how wide, and what it shows: `0` to `4` by how fast it arrived, or `failed`."""

    x: float
    width: float
    shows: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row of the table. What nobody has said anything of is left empty in its bar."""

    rate: Rate
    parts: list[Part]

    @classmethod
    def of(cls, rate: Rate) -> "Drawn":
        counts = [*rate.arrived, rate.failed]
        shows = [*map(str, range(len(rate.arrived))), "failed"]
        ends = pairwise(accumulate((count * WIDTH / rate.taken for count in counts), initial=0.0))
        parts = [
            Part(round(begin, 1), round(end - begin, 1), what) for (begin, end), what in zip(ends, shows, strict=True)
        ]
        return cls(rate, [part for part in parts if part.width])

    @property
    def half(self) -> str:
        return self._within(50)

    @property
    def most(self) -> str:
        return self._within(95)

    def _within(self, hundredths: int) -> str:
        """Empty where nothing arrived."""
        if not sum(self.rate.arrived):
            return ""
        bound = self.rate.within(hundredths)
        return bound_words(bound) if bound else gettext("over %s") % bound_words(BOUNDS[-1])


def bound_words(bound: timedelta) -> str:
    return gettext("%d s") % bound.total_seconds() if bound < _MINUTE else span_words(bound)


def legend() -> list[tuple[str, str]]:
    """What the parts of a bar show, with their names in its drawing."""
    bounds = [gettext("within %s") % bound_words(bound) for bound in BOUNDS]
    arrived = [*bounds, gettext("later")]
    others = [("failed", gettext("not delivered")), ("unheard", gettext("nothing heard"))]
    return [*((str(place), name) for place, name in enumerate(arrived)), *others]


def drawn_rates(now: datetime) -> list[Drawn]:
    return [Drawn.of(rate) for rate in read_rates(now)]
