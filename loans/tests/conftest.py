from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment, Loan
from loans.tests.factories import make_installment, make_loan


@pytest.fixture
def borrower() -> User:
    return make_borrower()


@pytest.fixture
def loan(borrower: User) -> Loan:
    return make_loan(borrower)


@pytest.fixture
def installment(loan: Loan) -> Installment:
    return make_installment(loan, due_on=timezone.localdate() + timedelta(days=3))


@pytest.fixture
def page(borrower: User) -> Client:
    """The browser of the borrower, who is signed in."""
    client = Client()
    client.force_login(borrower)
    return client
