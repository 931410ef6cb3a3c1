"""Lines on record of which an earlier report says more or something else: the words of the earliest report hold.

The same movement may be told twice, shortly in a notification and in full in the statement. What is on record must not
depend on which file was taken in first.
"""

from collections.abc import Mapping
from typing import Final

from loans.intake.moving import Accounts, move_lines, read_accounts
from loans.intake.naming import assign, open_for_matching, returns_of
from loans.intake.rewriting import rewrite
from loans.models import Report, StatementLine

_SAID: Final = (
    *("place", "account", "amount", "currency", "side", "reversal", "return_reason", "original_amount"),
    *("booked_on", "valued_on", "reference", "end_to_end_id", "remittance"),
)


def reword(lines: Mapping[str, StatementLine], later: list[StatementLine], report: Report) -> Accounts:
    """Let `later`, which are on record, say what the `lines` of `report` with the same fingerprints say.

    Returns the loans that they left, came to or are still about: locked, read, and to be settled. What an agent decided
    about a line stays.
    """
    changed, named_before = [], []
    for row in later:
        row.report = report
        new = lines[row.fingerprint]
        if any(getattr(row, name) != getattr(new, name) for name in _SAID):
            named_before.append(StatementLine(side=row.side, end_to_end_id=row.end_to_end_id, reference=row.reference))
            changed.append(row)
            for name in _SAID:
                setattr(row, name, getattr(new, name))
    accounts = _assign([row for row in changed if not row.decided_by_id], lines, report)
    rewrite(later, ("report", *_SAID, "names", "loan", "match", "why", "payment"))
    stay = {row.loan_id for row in changed if row.loan_id} - set(accounts)
    accounts |= read_accounts(stay, report)
    backs = returns_of(report.partner_id, [*named_before, *changed])
    return accounts | move_lines(backs, report, report.partner_id, accounts)


def _assign(changed: list[StatementLine], lines: Mapping[str, StatementLine], report: Report) -> Accounts:
    before = {row.pk: row.loan_id for row in changed}
    for row in changed:
        new = lines[row.fingerprint]
        row.match, row.why, row.names, row.loan_id = new.match, new.why, None, None
    assign(report.partner_id, open_for_matching(changed))
    accounts = read_accounts({pk for row in changed for pk in (before[row.pk], row.loan_id) if pk}, report)
    for row in changed:
        left = before[row.pk]
        if left and left != row.loan_id:
            if row.payment_id:
                accounts[left][0].left.add(row.payment_id)
            row.payment = None
    return accounts
