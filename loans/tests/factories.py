"""Loans for tests."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment, Loan, Partner

_numbers = count(1)


def make_bank(**fields: Any) -> Partner:
    fields.setdefault("name", "Harbour Bank")
    return Partner.objects.get_or_create(code="harbour", kind=Partner.Kind.BANK, defaults=fields)[0]


def make_platform(**fields: Any) -> Partner:
    fields.setdefault("name", "Lantern Mall")
    return Partner.objects.get_or_create(code="lantern", kind=Partner.Kind.PLATFORM, defaults=fields)[0]


def make_loan(borrower: User | None = None, **fields: Any) -> Loan:
    """A loan of 1,200 CNY, without a schedule."""
    fields.setdefault("external_id", f"LN-{next(_numbers):05d}")
    fields.setdefault("currency", "CNY")
    fields.setdefault("principal", Decimal(1200))
    fields.setdefault("product", "Phone plan")
    fields.setdefault("bank", make_bank())
    fields.setdefault("platform", make_platform())
    return Loan.objects.create(borrower=borrower or make_borrower(), **fields)


def make_installment(loan: Loan | None = None, *, due_on: date, **fields: Any) -> Installment:
    """One open installment of 100; its number is the next of its loan."""
    loan = loan or make_loan()
    number = fields.pop("number", loan.installments.count() + 1)
    total = fields.setdefault("total", Decimal(100))
    fields.setdefault("principal", total)
    fields.setdefault("outstanding", total - fields.get("paid", Decimal(0)) - fields.get("waived", Decimal(0)))
    fields.setdefault("payment_reference", f"{loan.external_id}-{number}")
    return Installment.objects.create(loan=loan, number=number, due_on=due_on, **fields)


def make_schedule(loan: Loan, *, first_due_on: date, periods: int = 3) -> list[Installment]:
    """Monthly-looking installments, thirty days apart."""
    return [make_installment(loan, due_on=first_due_on + timedelta(days=30 * place)) for place in range(periods)]
