"""One line a fault: what was counted."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

HEADINGS = (
    "fault",
    "planned",
    "handed over",
    "SMS, calls twice",
    "mail again",
    "lost",
    "delivered",
    "unconfirmed",
    "failed",
    "with a person",
    "seconds",
)


@dataclass(frozen=True, slots=True)
class Row:
    """`planned` counts prompts, `lost` and `person` those of their installments that nobody knows of and that a person
    has to call about; `handed` all that the provider got, twice or not; the others messages by SMS or email, and calls.
    """

    fault: str
    planned: int
    handed: int
    twice: int
    mail_again: int
    lost: int
    delivered: int
    unconfirmed: int
    failed: int
    person: int
    seconds: float


def draw(rows: Sequence[Row]) -> list[str]:
    """The lines of the table."""
    lines = [HEADINGS, *([_write(value) for value in astuple(row)] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
    return ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]


def _write(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
