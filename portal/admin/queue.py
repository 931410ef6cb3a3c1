"""What a queue on the desk's first page is made of: numbers that lead to the rows behind them, and its first rows."""

from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Model
from django.urls import reverse

SHOWN: Final = 8
"""Rows of a queue on the first page."""


@dataclass(frozen=True, slots=True)
class Number:
    """A count, what it counts, the rows behind it, and its tone (warn, danger or none)."""

    count: int
    words: str
    href: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue: its numbers, the first of which is all of it, and its first rows. `name` chooses its template."""

    name: str
    numbers: list[Number]
    rows: list[Any] = field(default_factory=list)

    @property
    def href(self) -> str:
        return self.numbers[0].href

    @property
    def template(self) -> str:
        return f"admin/desk/now_{self.name}.html"


def list_of(model: type[Model], query: str = "") -> str:
    """The address of the list of `model`, narrowed down by `query`."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{query}" if query else address
