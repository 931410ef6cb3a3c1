"""One timeline of a borrower: loans, payments and everything that was told, the newest first.

One statement finds the place of a page's lines in time across all tables; then each table is read once for its lines.
The number of statements does not grow with the number of lines.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F, QuerySet, Value

from portal.admin import timeline_events, timeline_owed, timeline_texts, timeline_told
from portal.admin.line import Line, Teller
from portal.admin.timeline_rows import KINDS, SOURCES, Row, Scope

LINES_A_PAGE: Final = 50

_TELLERS: Final[dict[Row, Teller]] = (
    timeline_owed.TELLERS | timeline_told.TELLERS | timeline_texts.TELLERS | timeline_events.TELLERS
)

Place = tuple[datetime, int, int]
"""When, which kind of row (a Row), and its id."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of it. `page` counts from 1."""

    lines: list[Line]
    page: int
    has_older: bool


def read_timeline(borrower_id: int, *, kind: str = "", loan_id: int | None = None, page: int = 1) -> Timeline:
    """The lines of `page`, of one kind (a key of KINDS) or loan if asked; an unknown kind narrows nothing down."""
    scope = Scope(borrower_id, kind if kind in KINDS else "", loan_id)
    start = (page - 1) * LINES_A_PAGE
    found: list[Place] = list(_places(scope)[start : start + LINES_A_PAGE + 1])
    return Timeline(_tell(found[:LINES_A_PAGE]), page, has_older=len(found) > LINES_A_PAGE)


def _places(scope: Scope) -> "QuerySet[Any, Any]":
    branches = [
        source.rows(scope)
        .order_by()
        .annotate(line_at=F(source.at) if isinstance(source.at, str) else source.at, line_row=Value(row.value))
        .values_list("line_at", "line_row", "pk")
        for row, source in SOURCES.items()
        if scope.kind in {"", source.kind}
    ]
    joined: QuerySet[Any, Any] = branches[0].union(*branches[1:], all=True) if len(branches) > 1 else branches[0]
    return joined.order_by("-line_at", "-line_row", "-pk")


def _tell(places: Iterable[Place]) -> list[Line]:
    """Rows of one table are fetched together even where they make lines of two kinds."""
    listed = [(at, Row(row), pk) for at, row, pk in places]
    wanted: dict[Callable[[set[int]], Mapping[int, Any]], set[int]] = defaultdict(set)
    for _at, row, pk in listed:
        wanted[_TELLERS[row].fetch].add(pk)
    rows = {fetch: fetch(ids) for fetch, ids in wanted.items()}
    return [
        _TELLERS[row].tell(rows[_TELLERS[row].fetch][pk], at)
        for at, row, pk in listed
        if pk in rows[_TELLERS[row].fetch]
    ]
