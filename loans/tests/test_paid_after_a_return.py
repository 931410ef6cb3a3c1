"""A platform that goes on calling paid what the bank sent back is not believed anew, unless it names other money."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from loans.intake.events.catalogue import CATALOGUE
from loans.intake.records import PositionRecord, RepaymentRecord
from loans.models import Event, Installment
from loans.tests.factories import make_bank, make_platform
from loans.tests.histories import START, Message, entry, loan_record, loans, period_record
from loans.tests.pushing import about, event, make_key, told
from loans.tests.test_replay import replayed, statement

pytestmark = pytest.mark.django_db
State = Installment.State
APPLIED = (Event.Status.APPLIED, "")
DAY = date(2026, 11, 30)


def state_of_the_first() -> str:
    return Installment.objects.get(number=1).state


def says_paid(hour: int) -> dict[str, Any]:
    at = datetime.fromisoformat("2026-11-27T10:00:00+08:00") + timedelta(hours=hour)
    return event("position.snapshot", dict(CATALOGUE["position.snapshot", 1].example), occurred_at=at.isoformat())


def test_the_same_word_repeated_after_a_return_holds_nothing_and_a_new_payment_does() -> None:
    bank, platform = make_key(make_bank()), make_key(make_platform())
    told("harbour", bank, about("loan.opened"))
    told("lantern", platform, about("payment.received"), says_paid(0))
    told("harbour", bank, about("payment.settled"))
    assert state_of_the_first() == State.SETTLED
    told("harbour", bank, about("payment.returned"))
    assert state_of_the_first() == State.OPEN
    for hour in (1, 2):
        told("lantern", platform, says_paid(hour))
        assert state_of_the_first() == State.OPEN
    assert told("lantern", platform, about("payment.received", payment="P-2")) == [APPLIED]
    assert state_of_the_first() == State.AWAITING_BANK


def test_a_platform_that_took_its_own_word_back_is_believed_when_it_says_paid_again() -> None:
    bank, platform = make_key(make_bank()), make_key(make_platform())
    told("harbour", bank, about("loan.opened"))
    told("lantern", platform, about("payment.received"))
    told("harbour", bank, about("payment.returned"))
    told("lantern", platform, about("payment.returned"), says_paid(1))
    assert state_of_the_first() == State.AWAITING_BANK


def of_platform(hour: int, *, paid: int, repayment: RepaymentRecord | None = None) -> Message:
    record = loan_record(1, [], as_of=START + timedelta(hours=hour), repayments=(repayment,) if repayment else ())
    position = PositionRecord(1, Decimal(paid), Decimal(100 - paid))
    return loans(replace(record, whole=False, borrower=None, positions=(position,)), "lantern")


def test_it_is_so_in_every_order() -> None:
    make_bank()
    make_platform()
    history = [
        loans(loan_record(1, [period_record(1, 0)], as_of=START)),
        of_platform(1, paid=100, repayment=RepaymentRecord("E-1", Decimal(100), DAY, reversed=False)),
        statement(
            entry("credit", Decimal(100), DAY, "E-1", None), entry("debit", Decimal(100), DAY, "E-1", None, "R-9")
        ),
        of_platform(200, paid=100),
    ]
    states = [replayed(history, list(order))["installments"] for order in permutations(range(4))]
    assert {state[0][-2] for state in states} == {State.OPEN}
