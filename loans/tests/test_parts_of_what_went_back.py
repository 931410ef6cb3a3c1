"""For which installments a payment was is kept when it goes back, though nothing of it is theirs any more."""

from datetime import date
from decimal import Decimal

import pytest

from loans.models import Installment, Loan, Payment, PaymentPart
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.returns import booked, returned, send

pytestmark = pytest.mark.django_db
E2E = "E2E-1"


@pytest.fixture
def loan() -> Loan:
    """Two rates of 100; 150 were booked for them."""
    loan = make_loan(external_id="LN-17", bank=make_bank(), platform=make_platform())
    rows = [make_installment(loan, due_on=date(2026, month, 25)) for month in (11, 12)]
    Payment.objects.create(
        loan=loan, installment=rows[0], amount=Decimal(150), currency="CNY", end_to_end_id=E2E, status="received",
        paid_on=date(2026, 11, 21),
    )  # fmt: skip
    send(booked(E2E, amount="150.00"))
    return loan


def parts() -> list[tuple[int, int, int]]:
    rows = PaymentPart.objects.values_list("installment__number", "amount", "since")
    return [(number, int(amount), int(since)) for number, amount, since in rows]


def paid() -> list[int]:
    return [int(amount) for amount in Installment.objects.order_by("number").values_list("paid", flat=True)]


@pytest.mark.usefixtures("loan")
def test_what_it_was_for_is_kept_and_nothing_of_it_counts() -> None:
    assert (parts(), paid()) == ([(1, 100, 100), (2, 50, 50)], [100, 50])
    send(returned(E2E, amount="150.00"), number=2)
    assert (parts(), paid()) == ([(1, 0, 0), (2, 0, 0)], [0, 0])
    send(returned(E2E, amount="150.00", reference="R-again"), number=3)
    assert parts() == [(1, 0, 0), (2, 0, 0)]


@pytest.mark.usefixtures("loan")
def test_other_money_is_laid_where_it_was() -> None:
    send(returned(E2E, amount="150.00"), number=2)
    Payment.objects.create(
        loan=Loan.objects.get(), amount=Decimal(150), currency="CNY", end_to_end_id="E2E-2", status="received",
        paid_on=date(2026, 11, 22),
    )  # fmt: skip
    send(booked("E2E-2", amount="150.00"), number=3)
    assert paid() == [100, 50]
    gone = Payment.objects.get(end_to_end_id=E2E)
    assert [part.amount for part in gone.parts.all()] == [0, 0]
