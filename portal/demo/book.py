"""The demonstration's book: sixty borrowers and ninety loans, with dates that follow today."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from accounts.models.user import DEFAULT_TIME_ZONE, zone_of
from portal.demo.people import CROWD_SEED, DEAD_PHONE, NOT_TOLD, PAID, TOLD, UNREACHABLE, Person, crowd

BANK, PLATFORM = "harbour", "lantern"
LOANS: Final = 90
PRODUCTS: Final = ("手机分期", "家电分期", "教育分期", "Phone plan", "家具分期")
PERIOD: Final = 30
BANK_SENDS: Final = "现金分期"
"""The product of whose loans the bank has to send the prompts itself; the book's last loan is one."""


@dataclass(frozen=True, slots=True)
class PlannedLoan:
    """One loan of the book. `paid` counts the periods that the bank shows as paid, from the first one on."""

    number: int
    person: Person
    first_due_on: date
    amount: int
    paid: int
    product: str
    periods: int = 6
    paid_at_platform: tuple[int, ...] = ()

    @property
    def external_id(self) -> str:
        return f"HB-{20260000 + self.number}"

    @property
    def interest(self) -> Decimal:
        return (self.amount * Decimal("0.006")).quantize(Decimal("0.01"))

    @property
    def total(self) -> Decimal:
        """What is due each period."""
        return self.amount + self.interest

    def due_on(self, period: int) -> date:
        return self.first_due_on + timedelta(days=PERIOD * (period - 1))

    def payment_id(self, period: int) -> str:
        """The end-to-end id under which the platform passes a payment on."""
        return f"LM{self.number:05d}{period:02d}"


@dataclass(frozen=True, slots=True)
class Book:
    """All loans, and the one whose payment the bank books while the demonstration runs."""

    today: date
    loans: list[PlannedLoan] = field(default_factory=list)

    def loan_of(self, person: Person) -> PlannedLoan:
        return next(loan for loan in self.loans if loan.person == person)


def book_day() -> date:
    """The day that the book is written for."""
    return timezone.localdate(timezone=zone_of(DEFAULT_TIME_ZONE)[0])


def write_book(today: date) -> Book:
    """The book as it stands on `today`: each story has one loan, the crowd shares the others."""
    stories = [
        _story(1, TOLD, today, due_in=3),
        _story(2, DEAD_PHONE, today, due_in=3),
        _story(3, PAID, today, due_in=-1, paid_at_platform=(3,)),
        _story(4, UNREACHABLE, today, due_in=2),
        _story(5, NOT_TOLD, today, due_in=-3),
    ]
    *crowded, last = _crowd_loans(today, first_number=len(stories) + 1)
    due_soon = today + timedelta(days=3 - PERIOD * last.paid)
    return Book(today, [*stories, *crowded, replace(last, product=BANK_SENDS, first_due_on=due_soon)])


def _story(number: int, person: Person, today: date, *, due_in: int, **more: Any) -> PlannedLoan:
    """Two periods are paid; the third is the one that the story is about."""
    first = today + timedelta(days=due_in - 2 * PERIOD)
    return PlannedLoan(number, person, first, 420 + 8 * number, paid=2, product=PRODUCTS[number % 5], **more)


def _crowd_loans(today: date, first_number: int) -> Iterator[PlannedLoan]:
    chance = random.Random(CROWD_SEED)  # noqa: S311
    people = list(crowd())
    for number in range(first_number, LOANS + 1):
        person = people[(number - first_number) % len(people)]
        next_due_in = chance.randrange(1, PERIOD)
        paid = chance.randrange(0, 5)
        first = today + timedelta(days=next_due_in - PERIOD * paid)
        yield PlannedLoan(number, person, first, chance.randrange(120, 3000, 7), paid, chance.choice(PRODUCTS))
