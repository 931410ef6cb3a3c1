"""Runs limit, peer and ours in turn and compares them: best of the limit, median of ours and of the peer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from benchmarks.figures import Figure


class VoidError(Exception):
    """A count is wrong, so that the figure says nothing. The text names the count."""


class MissingError(Exception):
    """The product, or this machine, has no such part. The text says which."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run: `n` rows in `seconds`; `peak_mb` is the largest process of ours where it was looked at."""

    n: int
    seconds: float
    peak_mb: float | None = None
    notes: str = ""

    @property
    def rate(self) -> float:
        return self.n / self.seconds


@dataclass(slots=True)
class Series:
    """The trials of one contestant."""

    trials: list[Trial] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median."""
        return median(trial.rate for trial in self.trials)

    @property
    def best(self) -> float:
        return max(trial.rate for trial in self.trials)

    @property
    def seconds(self) -> float:
        return median(trial.seconds for trial in self.trials)

    @property
    def peak_mb(self) -> float | None:
        return max((trial.peak_mb for trial in self.trials if trial.peak_mb is not None), default=None)

    @property
    def spread(self) -> tuple[float, float] | None:
        rates = [trial.rate for trial in self.trials]
        return (min(rates) / self.rate, max(rates) / self.rate) if len(rates) > 1 else None


Contestants = Mapping[str, Callable[[], Trial]]


def alternate(times: int, contestants: Contestants) -> dict[str, Series]:
    """Let the contestants run in turn, `times` rounds; each may rely on what those before it have left."""
    series = {name: Series() for name in contestants}
    for _ in range(times):
        for name, run in contestants.items():
            series[name].trials.append(run())
    return series


def timed(n: int, work: Callable[[], Any]) -> Trial:
    """Run `work` on `n` rows."""
    started = time.monotonic()
    work()
    return Trial(n, time.monotonic() - started)


def compare(name: str, ours: Series, *, limit: Series | float | None = None, peer: Series | None = None) -> Figure:
    """Our figure. A limit that is a number is a rate that follows from the arrangement and needs no run."""
    highest = limit.best if isinstance(limit, Series) else limit
    return Figure(
        name=name,
        n=ours.trials[-1].n,
        seconds=ours.seconds,
        rate=ours.rate,
        of_limit=ours.rate / highest if highest else None,
        times_peer=ours.rate / peer.rate if peer else None,
        peak_mb=ours.peak_mb,
        spread=ours.spread,
        notes=ours.trials[-1].notes,
    )


def with_notes(figure: Figure, *notes: str) -> Figure:
    return replace(figure, notes="; ".join(note for note in (figure.notes, *notes) if note))


def expect(what: str, expected: object, found: object) -> None:
    """Raises VoidError where a count is not as it must be."""
    if expected != found:
        raise VoidError(f"{what}: expected {expected}, found {found}")
