"""Lines that are about another loan than before, by what has come since: saved, and both loans are to be settled."""

from collections.abc import Iterable, Mapping, Sequence

from loans.intake.account import Account, read_schedules
from loans.intake.naming import assign, returns_of
from loans.intake.news import News
from loans.intake.rewriting import rewrite
from loans.models import Loan, Report, StatementLine

Accounts = dict[int, tuple[Account, News]]
"""By the loan's id."""
Move = tuple[StatementLine, int | None]
"""A line, and the id of the loan that it was about before."""


def move_lines(
    lines: Sequence[StatementLine],
    report: Report,
    bank_id: int,
    known: Accounts,
    *,
    told: Mapping[str, set[int]] | None = None,
    credited: Sequence[StatementLine] = (),
) -> Accounts:
    """Assign these saved lines, and the returns that hang on them, anew; returns the loans that they left or came to.

    `known` are locked and read; any other loan is locked and read here. `told`: loans by references, and `credited`:
    credits, that are not saved yet.
    """
    moves = _moves(lines, bank_id, told or {}, credited)
    if not moves:
        return {}
    ids = {pk for line, before in moves for pk in (before, line.loan_id) if pk}
    found = known | read_accounts(ids - set(known), report)
    for line, before in moves:
        if before and line.payment_id:
            found[before][0].left.add(line.payment_id)
        line.payment, line.match = None, StatementLine.Match.UNMATCHED
    rewrite([line for line, _before in moves], ("loan", "match", "why", "payment"))
    return {pk: found[pk] for pk in ids}


def read_accounts(loan_ids: Iterable[int], report: Report | None) -> Accounts:
    """Lock these loans, of which `report` says more if one does, in the order of their ids; read their schedules."""
    ids = set(loan_ids)
    if not ids:
        return {}
    locked = Loan.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    accounts: Accounts = {loan.pk: (Account(loan, report), News()) for loan in locked}
    read_schedules([account for account, _news in accounts.values()])
    return accounts


def _moves(
    lines: Sequence[StatementLine], bank_id: int, told: Mapping[str, set[int]], credited: Sequence[StatementLine]
) -> list[Move]:
    before = {line.pk: (line.loan_id, line.why) for line in lines}
    assign(bank_id, lines, told, credited)
    moved = [line for line in lines if before[line.pk][0] != line.loan_id]
    backs = [line for line in returns_of(bank_id, moved) if line.pk not in before]
    if backs:
        before |= {line.pk: (line.loan_id, line.why) for line in backs}
        assign(bank_id, [*moved, *backs], told)
    return [(line, before[line.pk][0]) for line in (*lines, *backs) if _differs(line, *before[line.pk])]


def _differs(line: StatementLine, loan_id: int | None, why: str) -> bool:
    return line.loan_id != loan_id or (loan_id is None and line.why != why)
