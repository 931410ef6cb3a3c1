"""What a benchmark says: one object a line for programs, one line with ratio and spread for people."""

import json
from dataclasses import dataclass

HEADINGS = ("benchmark", "n", "seconds", "rate/s", "of limit", "x peer", "MB", "spread", "notes")
WIDTHS = (20, 9, 9, 10, 9, 8, 6, 14, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure. What does not apply is None; so is everything of a figure that is void.

    `seconds` is the median of ours and `rate` is rows a second; `of_limit` and `times_peer` are our rate divided by
    theirs; `peak_mb` is the largest resident size of one process of ours, in MiB; `spread` is that of our rate, from
    lowest to highest, as parts of its median.
    """

    name: str
    n: int
    seconds: float | None = None
    rate: float | None = None
    of_limit: float | None = None
    times_peer: float | None = None
    peak_mb: float | None = None
    spread: tuple[float, float] | None = None
    notes: str = ""
    void: bool = False

    def as_json(self) -> str:
        """Exactly seven keys."""
        return json.dumps(
            {
                "name": self.name,
                "n": self.n,
                "seconds": _rounded(self.seconds),
                "rate": _rounded(self.rate),
                "of_limit": _rounded(self.of_limit),
                "times_peer": _rounded(self.times_peer),
                "peak_mb": _rounded(self.peak_mb),
            }
        )

    def as_row(self) -> str:
        cells = [
            self.name,
            f"{self.n:,}",
            _shown(self.seconds, "{:.2f}"),
            _shown(self.rate, "{:,.0f}"),
            _shown(self.of_limit, "{:.3f}"),
            _shown(self.times_peer, "{:.2f}"),
            _shown(self.peak_mb, "{:.0f}"),
            "-" if self.spread is None else f"{self.spread[0]:.2f} to {self.spread[1]:.2f}",
            f"VOID: {self.notes}" if self.void else self.notes,
        ]
        return in_columns(cells)


def headings() -> str:
    return in_columns(HEADINGS)


def in_columns(cells: list[str] | tuple[str, ...]) -> str:
    """The name to the left, figures to the right, notes as they are."""
    first, *figures, notes = cells
    aligned = [f"{cell:>{width}}" for cell, width in zip(figures, WIDTHS[1:-1], strict=True)]
    return "  ".join([f"{first:<{WIDTHS[0]}}", *aligned, notes]).rstrip()


def _rounded(number: float | None) -> float | None:
    """Four significant digits: more would pretend."""
    return None if number is None else float(f"{number:.4g}")


def _shown(number: float | None, form: str) -> str:
    return "-" if number is None else form.format(number)
