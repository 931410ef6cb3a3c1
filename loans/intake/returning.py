"""Which payments of one loan the bank took back: by a debit that reverses or returns them. Pure."""

from datetime import date

from loans.intake.account import Account, heard_at
from loans.intake.money import Money
from loans.models import StatementLine

Kept = StatementLine.Match


def take_back(account: Account, found: list[Money]) -> None:
    """Give each return the payment that it takes back; `found` are the loan's payments in their order."""
    backs = [line for line in account.lines if line.side == "debit" and line.reversal and not line.decided_by_id]
    for line in sorted(backs, key=lambda line: (line.booked_on or date.max, heard_at(line), line.fingerprint)):
        chosen = _choose(line, found)
        if isinstance(chosen, str):
            line.match, line.why, line.payment = Kept.UNMATCHED, chosen, None
        else:
            chosen.back = line


def _choose(line: StatementLine, found: list[Money]) -> Money | str:
    """The last payment that fits, or why there is none."""
    named = _named(line, found)
    if not named:
        return "takes back a booking that has not come yet"
    fitting = [money for money in named if money.amount in {line.amount, line.original_amount}]
    if not fitting:
        return "takes back another amount than was booked"
    left = [money for money in fitting if not money.back]
    return left[-1] if left else "this payment was returned by an earlier line"


def _named(line: StatementLine, found: list[Money]) -> list[Money]:
    """By end-to-end id, else by the account and the bank's reference of the booking."""
    if line.end_to_end_id:
        ids = [(money, {money.reference, money.line.end_to_end_id if money.line else ""}) for money in found]
        if named := [money for money, known in ids if line.end_to_end_id in known]:
            return named
    booked = ((money, money.line) for money in found if money.line)
    return [
        money
        for money, booking in booked
        if line.reference and (booking.account, booking.reference) == (line.account, line.reference)
    ]
