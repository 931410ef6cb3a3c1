"""Which of the bank's lines book which payments of one loan. Pure, and by what was said alone, never by when."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from loans.intake.account import Account, heard_at
from loans.intake.candidates import names_of
from loans.intake.likely import Bounds, bounds_of
from loans.intake.money import Money
from loans.models import StatementLine

Kept = StatementLine.Match
BOOKED_BEFORE: Final = "this payment was booked by an earlier line"


def monies(account: Account) -> list[Money]:
    """The payments of a loan, each with the line that books it. Lines that book none say why."""
    bounds = bounds_of(account)
    found = _told(account, bounds)
    by_reference = {money.reference: money for money in found if money.reference}
    for rejection in account.rejections:
        money = by_reference.get(rejection.end_to_end_id)
        if money and rejection.fits(money.amount, account.loan.currency):
            money.rejection = rejection
    left = _likely(_decided(account, found), bounds)
    left = _by_reference(left, by_reference, found, account)
    left = _by_amount(left, found, account)
    left = _by_period(left, found, account)
    found += [Money(account.loan, line=line, told=False) for line in left]
    for money in found:
        money.wanted = _wanted(money, account)
    return sorted(found, key=lambda money: money.order)


def _told(account: Account, bounds: Bounds) -> list[Money]:
    """Payments that somebody spoke of, apart from lines."""
    lined = {line.payment_id for line in account.lines if line.payment_id and line.side == "credit"}
    found = {}
    for row in account.payments:
        words = account.payment_words.get(row.pk, [])
        alone = row.pk not in lined and row.pk not in account.left
        if words or alone or row.received_at:
            money = Money(account.loan, row.end_to_end_id, row, list(words))
            money.believe(bounds)
            money.known = not words or any(said.arrived for said in money.believed.values())
            found[row.end_to_end_id or row.pk] = money
    for told in account.told:
        money = found.setdefault(told.reference, Money(account.loan, told.reference))
        money.words = [one for one in money.words if one.word.key != told.spoken.word.key] + [told.spoken]
        if money.row is None:
            money.row = next((row for row in account.payments if row.end_to_end_id == told.reference), None)
            money.known = money.row is not None
        money.believe(bounds)
    return list(found.values())


def _credits(account: Account) -> list[StatementLine]:
    """The bank's credits in the order of their days."""
    credited = (line for line in account.lines if line.side == "credit")
    return sorted(
        credited, key=lambda line: (line.booked_on or line.valued_on or date.max, heard_at(line), line.fingerprint)
    )


def _decided(account: Account, found: list[Money]) -> list[StatementLine]:
    """What agents decided stands, and so does a row that no word stands behind; returns the other lines."""
    rows = {money.row.pk: money for money in found if money.row}
    left = []
    for line in _credits(account):
        money = rows.get(line.payment_id or 0)
        if not line.decided_by_id and not (money and money.kept_alone and not money.line):
            left.append(line)
        elif money and not money.line:
            money.line = line
        elif line.match == Kept.MATCHED or line.payment_id:
            found.append(Money(account.loan, line=line, told=False))
    return left


def _likely(lines: Iterable[StatementLine], bounds: Bounds) -> list[StatementLine]:
    """The money of a line is there, but one that cannot be for its loan is left to an agent."""
    left = []
    for line in lines:
        doubt = bounds.doubt_of_line(line)
        if doubt:
            line.match, line.why, line.payment = Kept.UNMATCHED, doubt.reason, None
        else:
            left.append(line)
    return left


def _by_reference(
    lines: Iterable[StatementLine], known: dict[str, Money], found: list[Money], account: Account
) -> list[StatementLine]:
    """By end-to-end id. A payer may put our payment reference there: it names the period, and may come again."""
    periods, left = {row.payment_reference for row in account.in_force}, []
    for line in lines:
        if not line.end_to_end_id or line.end_to_end_id in periods:
            left.append(line)
            continue
        money = known.get(line.end_to_end_id)
        if money is None:
            money = known[line.end_to_end_id] = Money(account.loan, line.end_to_end_id, told=False)
            found.append(money)
        if money.line:
            line.match, line.why, line.payment = Kept.UNMATCHED, BOOKED_BEFORE, None
        else:
            money.line = line
    return left


def _by_amount(lines: Iterable[StatementLine], found: list[Money], account: Account) -> list[StatementLine]:
    """To a payment of just this amount that waits for the bank, or that the bank told of for the same day."""
    left = []
    for line in lines:
        fitting = [money for money in _waiting(line, found, account) if money.amount == line.amount]
        fitting += [money for money in found if _same_booking(money, line)]
        if fitting:
            fitting[0].line = line
        else:
            left.append(line)
    return left


def _by_period(lines: Iterable[StatementLine], found: list[Money], account: Account) -> list[StatementLine]:
    """To the oldest that waits: the bank may have kept a charge, or the payer sent less."""
    left = []
    for line in lines:
        waiting = _waiting(line, found, account)
        if waiting:
            waiting[0].line = line
        else:
            left.append(line)
    return left


def _waiting(line: StatementLine, found: list[Money], account: Account) -> list[Money]:
    """Payments without a line that the line may be; those for the period that it names come first."""
    named = set(_named(line, account))
    free = [money for money in found if not (money.line or money.booked or money.returned or money.doubted)]
    periods = {id(money): set(_wanted(money, account)) for money in free}
    fitting = [money for money in free if not named or not periods[id(money)] or named & periods[id(money)]]
    return sorted(fitting, key=lambda money: (not named & periods[id(money)], money.paid_on, money.order))


def _same_booking(money: Money, line: StatementLine) -> bool:
    word = money.bank_word
    if money.line or word is None or word.reversed:
        return False
    return word.amount == line.amount and word.paid_on in {line.booked_on, line.valued_on}


def _named(line: StatementLine, account: Account) -> tuple[int, ...]:
    """The installments that a line names, in the order in which they fall due."""
    names = set(names_of(line))
    if line.end_to_end_id and any(row.payment_reference == line.end_to_end_id for row in account.in_force):
        names = {line.end_to_end_id}
    return tuple(row.number for row in account.in_force if row.payment_reference in names)


def _wanted(money: Money, account: Account) -> tuple[int, ...]:
    """The installments that a payment is said to be for; none where nobody said."""
    line = money.line
    if line and line.decided_for_id:
        return tuple(row.number for row in account.in_force if row.pk == line.decided_for_id)
    if line and (named := _named(line, account)):
        return named
    numbers = [word.number for word in (money.bank_word, money.platform_word) if word and word.number]
    alone = money.kept_alone or (money.row if money.row and not money.words and money.row.received_at else None)
    rows = account.in_force
    return tuple(
        row.number
        for row in rows
        if row.number in numbers[:1]
        or (not numbers and money.reference and row.payment_reference == money.reference)
        or (not numbers and alone is not None and alone.installment_id == row.pk)
    )
