"""Lays out the payments of one loan over its installments. Pure.

What a payment is said to be for comes first, then the oldest that is due, then what is due later; what is left over is
the borrower's credit. The bank's own figure for an installment holds what the bank had by then: a payment of before
explains the figure and pays nothing twice, a payment of since comes on top of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from loans.intake.account import Account
from loans.intake.money import Money
from loans.intake.precedence import Moment
from loans.models import Installment

ZERO = Decimal(0)


@dataclass(slots=True, eq=False)
class Room:
    """One installment and what has been laid into it. `told`: paid by the bank's figure; `untaken`: of that, so much no
    payment explains yet. `on_its_way`: seen at the platform only.
    """

    row: Installment
    size: Decimal
    told: Decimal
    figure: Moment | None
    settled_on: date | None
    platform_told: Decimal
    untaken: Decimal = ZERO
    since: Decimal = ZERO
    on_its_way: Decimal = ZERO
    taken: Decimal = ZERO

    @property
    def paid(self) -> Decimal:
        return self.told + self.since

    def explains(self, money: Money) -> Decimal:
        """How much of the bank's figure this payment may explain: it came before the figure, or was named by the bank
        itself by then, and it came in time for it.
        """
        if self.figure is None or (self.settled_on and money.day > self.settled_on):
            return ZERO
        before = money.day < self.figure.day or money.is_known_by(self.figure.as_of)
        return self.untaken if before or self.settled_on else ZERO

    def shows(self, money: Money) -> Decimal:
        """How much of a payment that only the platform named the figure may hold: a day is lost between zones."""
        return self.untaken if self.figure and money.day <= self.figure.day + timedelta(days=1) else ZERO


@dataclass(slots=True, eq=False)
class Share:
    """What a payment lays into installments. `left` is what no installment takes; `shown`, of a payment that the bank
    has not booked by name, what its figures hold.
    """

    money: Money
    left: Decimal
    shown: Decimal = ZERO
    amounts: dict[int, Decimal] = field(default_factory=dict)
    since: dict[int, Decimal] = field(default_factory=dict)

    def lay(self, room: Room, amount: Decimal, *, since: Decimal) -> None:
        if amount > 0:
            pk = room.row.pk
            self.left -= amount
            self.amounts[pk] = self.amounts.get(pk, ZERO) + amount
            self.since[pk] = self.since.get(pk, ZERO) + since


def lay_out(account: Account, found: Sequence[Money]) -> list[Share]:
    """`found` are the payments in their order."""
    if any(money.returned for money in found):
        _point_at(account, found)
    return _lay_out(account, [money for money in found if not money.returned], found)


def _point_at(account: Account, found: Sequence[Money]) -> None:
    """A returned payment is for the installment that it would have paid."""
    usual = _lay_out(account, found, ())
    for share in usual:
        if share.money.returned and not share.money.wanted:
            numbers = {row.pk: row.number for row in account.in_force}
            share.money.wanted = tuple(numbers[pk] for pk in share.amounts)


def _lay_out(account: Account, paying: Sequence[Money], all_found: Sequence[Money]) -> list[Share]:
    rooms = [_room(account, row) for row in account.in_force]
    gone = [Share(money, money.amount) for money in all_found if money.returned]
    booked = [Share(money, money.amount) for money in paying if money.booked]
    seen = [Share(money, money.amount) for money in paying if not money.booked]
    for share in gone:
        _take_out(share, rooms)
    for share in booked:
        _to_wanted(share, rooms)
    _explain(booked, rooms)
    for share in booked:
        _pay(share, rooms)
    _expect(seen, rooms)
    return [*gone, *booked, *seen]


def _room(account: Account, row: Installment) -> Room:
    size, loan = row.total - row.waived, account.loan
    bank, platform = account.position(row, loan.bank_id), account.position(row, loan.platform_id)
    told = min((bank.told if bank else None) or ZERO, size)
    seen = (platform.told if platform else None) or ZERO
    settled_on = bank.settled_on if bank and told == size else None
    return Room(row, size, told, account.figure_of(row, loan.bank_id), settled_on, min(seen, size), untaken=told)


def _take_out(share: Share, rooms: Iterable[Room]) -> None:
    """The bank's figure of before a return still holds the money."""
    returned_at = share.money.returned_at
    share.left = share.money.amount
    for room in _wanted_first(share, rooms):
        if returned_at and room.figure and room.figure.as_of < returned_at and share.money.booked:
            amount = min(share.left, room.explains(share.money))
            if amount > 0:
                room.untaken, room.since, share.left = room.untaken - amount, room.since - amount, share.left - amount
                share.amounts[room.row.pk], share.since[room.row.pk] = ZERO, -amount


def _wanted_first(share: Share, rooms: Iterable[Room]) -> list[Room]:
    return sorted(rooms, key=lambda room: room.row.number not in share.money.wanted)


def _to_wanted(share: Share, rooms: Iterable[Room]) -> None:
    for room in rooms:
        if room.row.number in share.money.wanted:
            _explain_one(share, room)
            _pay_one(share, room)


def _explain(shares: Sequence[Share], rooms: Sequence[Room]) -> None:
    """Where all that the figures hold is on record, the oldest payment explains the oldest installment; else what is
    missing is of before our time, and the last payment explains the last one.
    """
    able = [share for share in shares if share.left and any(room.explains(share.money) for room in rooms)]
    whole = sum((share.left for share in able), ZERO) >= sum((room.untaken for room in rooms), ZERO)
    for share in able if whole else reversed(able):
        for room in rooms if whole else reversed(rooms):
            _explain_one(share, room)


def _pay(share: Share, rooms: Iterable[Room]) -> None:
    for room in rooms:
        _pay_one(share, room)


def _explain_one(share: Share, room: Room) -> None:
    amount = min(share.left, room.explains(share.money))
    share.lay(room, amount, since=ZERO)
    room.untaken -= amount
    room.taken += amount


def _pay_one(share: Share, room: Room) -> None:
    amount = min(share.left, room.size - room.paid)
    share.lay(room, amount, since=amount)
    room.since += amount
    room.taken += amount


def _expect(shares: Sequence[Share], rooms: Sequence[Room]) -> None:
    """Payments that the bank has not shown: for what is wanted, else what the platform calls paid, else the oldest."""
    for share in shares:
        for room in rooms:
            if room.row.number in share.money.wanted:
                _await(share, room, room.size)
    left = [share for share in shares if share.left and not share.money.wanted]
    claimed = sum((room.platform_told - room.taken - room.on_its_way for room in rooms), ZERO)
    whole = sum((share.left for share in left), ZERO) >= claimed
    for share in left if whole else reversed(left):
        for room in rooms if whole else reversed(rooms):
            _await(share, room, room.platform_told - room.taken)
    for share in shares:
        for room in reversed(rooms):
            _await(share, room, room.explains(share.money))
        for room in rooms:
            _await(share, room, room.size - room.paid)


def _await(share: Share, room: Room, limit: Decimal) -> None:
    amount = min(share.left, limit - room.on_its_way)
    if amount > 0:
        shown = min(amount, room.shows(share.money))
        share.lay(room, amount, since=amount - shown)
        share.shown += shown
        room.on_its_way += amount
        room.untaken -= shown
