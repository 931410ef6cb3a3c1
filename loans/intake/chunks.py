"""Applies records in chunks: one transaction for a few hundred, and for each its own where they do not go together."""

import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from django.db import DatabaseError, transaction

from loans.intake.news import News, RefusedError
from loans.intake.records import Code, LoanRecord, Refusal
from loans.intake.statement_records import EntryRecord, StatementRecord, StatusRecord
from loans.models import Report

Record = LoanRecord | EntryRecord | StatementRecord | StatusRecord
Apply = Callable[[Report, Sequence[Any]], list[News | RefusedError]]
BATCH: Final = 500
"""Records in a transaction, which has some forty statements. More make it hardly faster, and hold locks for longer."""
TRIES: Final = 3
# Classes of SQLSTATE: data exception, integrity constraint violation, transaction rollback (as by a deadlock).
_ROLLBACK: Final = "40"
_ABOUT_ROWS: Final = ("22", "23", _ROLLBACK)

log = logging.getLogger(__name__)


def apply_in_chunks(
    report: Report, items: Iterable[Record | Refusal], apply: Apply, *, tell: bool = True
) -> Iterator[News | Refusal]:
    """Apply the records among `items`; one answer an item, in order. What is wrong with one leaves the others alone.

    Without `tell`, the floors above hear nothing of it: it is done in a copy.
    """
    items = iter(items)
    while chunk := list(islice(items, BATCH)):
        answers = iter(_apply(report, [item for item in chunk if not isinstance(item, Refusal)], apply, tell=tell))
        for item in chunk:
            yield item if isinstance(item, Refusal) else next(answers)
        if len(chunk) == BATCH:
            gc.collect()  # accounts and their rows refer to each other: a long file's would pile up to 50 MB and more


def _apply(report: Report, records: Sequence[Record], apply: Apply, *, tell: bool) -> list[News | Refusal]:
    """Together, if that can be; else one by one. Raises DatabaseError where it is not about what the records say."""
    problem = DatabaseError()
    for _try in range(TRIES):
        try:
            return _apply_together(report, records, apply, tell=tell)
        except DatabaseError as error:
            if not _state(error).startswith(_ABOUT_ROWS):
                raise
            problem = error
    if len(records) > 1:
        return [answer for record in records for answer in _apply(report, [record], apply, tell=tell)]
    if _state(problem).startswith(_ROLLBACK):
        raise problem
    return [_refused(report, records[0], problem)]


def _apply_together(report: Report, records: Sequence[Record], apply: Apply, *, tell: bool) -> list[News | Refusal]:
    with transaction.atomic():
        answers = apply(report, records)
        if tell:
            News.of(answer for answer in answers if isinstance(answer, News)).send()
    return [
        Refusal(report.name, record.place, answer.reason, answer.code) if isinstance(answer, RefusedError) else answer
        for record, answer in zip(records, answers, strict=True)
    ]


def _state(error: DatabaseError) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _refused(report: Report, record: Record, problem: DatabaseError) -> Refusal:
    """Only the rule is named: the database's own words quote the row, and so the person."""
    diagnosis = getattr(problem.__cause__, "diag", None)
    rule = getattr(diagnosis, "constraint_name", None) or f"SQLSTATE {_state(problem)}"
    log.error("Report %s, %s: the database refused the record (%s)", report.pk, record.place, rule)
    return Refusal(report.name, record.place, f"goes against a rule of the database ({rule})", Code.VALUE)
