"""Gives the bank's lines their loans: new lines, and those that mean something else by what has come since."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from django.db.models import F, Q, QuerySet

from loans.intake.candidates import Candidates, names_in
from loans.models import StatementLine
from loans.models.statement import NAMED

Kept = StatementLine.Match
NOT_YET: Final = "takes back a booking that has not come yet"
_SEVERAL: Final = "several loans have a payment with this end-to-end id"


def open_for_matching(lines: Iterable[StatementLine]) -> list[StatementLine]:
    """Those of new lines that are to be matched: booked credits, and debits that take back; they get their names."""
    found = [line for line in lines if line.match == Kept.UNMATCHED and not line.why]
    for line in found:
        line.names = "\n".join(names_in(line))
    return found


def lines_naming(bank_id: int, names: Collection[str]) -> list[StatementLine]:
    """The lines of this bank that carry one of these names, as far as no agent has decided about them."""
    return list(_of(bank_id).alias(named=NAMED).filter(named__overlap=sorted(names))) if names else []


def unplaced_lines(bank_id: int, report_id: int) -> list[StatementLine]:
    """Those of a report that name no loan yet."""
    return list(_of(bank_id).filter(report=report_id, loan=None))


def returns_of(bank_id: int, credited: Iterable[StatementLine]) -> list[StatementLine]:
    """The lines that may take back what these lines book."""
    named = [(line.end_to_end_id, line.reference) for line in credited if line.side == "credit"]
    ids, references = ({pair[place] for pair in named} - {""} for place in (0, 1))
    if not ids and not references:
        return []
    backs = _of(bank_id).filter(side="debit")
    return list(backs.filter(Q(end_to_end_id__in=ids) | Q(reference__in=references)))


def _of(bank_id: int) -> "QuerySet[StatementLine]":
    undecided = StatementLine.objects.filter(report__partner=bank_id, names__isnull=False, decided_by=None)
    return undecided.annotate(heard_at=F("report__received_at"))


def assign(
    bank_id: int,
    lines: Sequence[StatementLine],
    told: Mapping[str, set[int]] | None = None,
    credited: Sequence[StatementLine] = (),
) -> None:
    """Say of each line, in memory, which loan it is about, or why none.

    `told`: loans by references, and `credited`: credits with their loans, that are not saved yet.
    """
    if not lines:
        return
    candidates = Candidates(bank_id, lines, told or {})
    paying = [line for line in lines if line.side == "credit"]
    for line in paying:
        _set(line, candidates.loan_of(line))
    backs = [line for line in lines if line.side == "debit"]
    bookings = _Bookings(bank_id, backs, [*paying, *credited])
    for line in backs:
        _set(line, bookings.loan_of(line, candidates))


def _set(line: StatementLine, found: int | str) -> None:
    if isinstance(found, str):
        line.loan_id, line.why = None, found[:200]
    else:
        line.loan_id = found


class _Bookings:
    """The loans of the bookings that returns may mean: by end-to-end id, and by account and bank's reference."""

    def __init__(self, bank_id: int, backs: Collection[StatementLine], credited: Sequence[StatementLine]) -> None:
        self._by_id: dict[str, set[int]] = defaultdict(set)
        self._by_reference: dict[tuple[str, str], set[int]] = defaultdict(set)
        ids = {line.end_to_end_id for line in backs} - {""}
        references = {line.reference for line in backs} - {""}
        saved: Iterable[StatementLine] = ()
        if backs:
            named = Q(end_to_end_id__in=ids) | Q(reference__in=references)
            known = StatementLine.objects.filter(named, report__partner=bank_id, side="credit", loan__isnull=False)
            saved = known.exclude(pk__in=[line.pk for line in credited if line.pk])
        for line in (*saved, *credited):
            if line.loan_id and line.side == "credit":
                self._by_id[line.end_to_end_id].add(line.loan_id)
                self._by_reference[line.account, line.reference].add(line.loan_id)

    def loan_of(self, line: StatementLine, candidates: Candidates) -> int | str:
        loans: set[int] = set()
        if line.end_to_end_id:
            loans = candidates.of_payment(line.end_to_end_id) or self._by_id.get(line.end_to_end_id, set())
        if not loans and line.reference:
            loans = self._by_reference.get((line.account, line.reference), set())
        if len(loans) > 1:
            return _SEVERAL
        return next(iter(loans), NOT_YET)
