from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Loan
from loans.tests.factories import make_loan
from notifications.tests.factories import NOON
from portal.tests.people import sign_in


@pytest.fixture
def noon() -> Iterator[None]:
    """It is noon in Shanghai on the day of `people.TODAY`."""
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
def borrower() -> User:
    return make_borrower()


@pytest.fixture
def loan(borrower: User) -> Loan:
    return make_loan(borrower)


@pytest.fixture
def page(borrower: User) -> Client:
    """The borrower's browser, signed in."""
    return sign_in(borrower)
