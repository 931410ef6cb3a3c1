"""What a bank charges once the due day is over leaves the schedule as it was told."""

from decimal import Decimal
from typing import Any

import pytest
import time_machine

from loans.models import Installment, Partner
from loans.tests.factories import make_bank
from loans.tests.test_apply_loans import State, loan, paid_loan, period, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank() -> Partner:
    return make_bank()


def dearer(number: int, name: str, **client: Any) -> dict[str, Any]:
    """The loan with a charge of 5 in one period."""
    made = loan()
    made["client"] |= client
    made["repaymentSchedule"]["periods"][number - 1] |= {
        f"{name}Due": 5, f"{name}Outstanding": 5, "totalDueForPeriod": 105, "totalOutstandingForPeriod": 105,
    }  # fmt: skip
    return made


@time_machine.travel("2026-11-10T04:00Z", tick=False)
@pytest.mark.parametrize("name", ["penaltyCharges", "feeCharges"])
@pytest.mark.parametrize(("number", "version"), [(1, 1), (2, 2)])
def test_what_is_charged_for_being_late_is_no_change_of_the_schedule(
    bank: Partner, number: int, version: int, name: str
) -> None:
    """Told anew with each day's interest, a borrower would be asked daily; what comes due dearer is news."""
    send(bank, loan())
    known_at = Installment.objects.get(number=number).known_at
    with time_machine.travel("2026-11-11T04:00Z", tick=False):
        send(bank, dearer(number, name))
    row = Installment.objects.get(number=number)
    assert (row.version, row.outstanding, row.known_at == known_at) == (version, Decimal(105), version == 1)


@time_machine.travel("2026-11-10T04:00Z", tick=False)
def test_what_was_paid_and_is_charged_late_is_owed_anew(bank: Partner) -> None:
    """Nobody is told of what its prompts were taken back for, unless it has another version."""
    send(bank, paid_loan(1))
    again = paid_loan(1)
    again["repaymentSchedule"]["periods"][0] |= {
        "penaltyChargesDue": 5, "penaltyChargesOutstanding": 5,
        "totalDueForPeriod": 105, "totalOutstandingForPeriod": 5,
    }  # fmt: skip
    with time_machine.travel("2026-11-11T04:00Z", tick=False):
        send(bank, again)
    row = Installment.objects.get(number=1)
    assert (row.state, row.outstanding, row.version) == (State.OPEN, Decimal(5), 2)


@pytest.mark.parametrize(("zone", "version"), [("Asia/Shanghai", 1), ("America/New_York", 2)])
def test_whether_it_is_late_is_told_by_the_borrowers_own_day(bank: Partner, zone: str, version: int) -> None:
    with time_machine.travel("2026-11-03T20:00Z", tick=False):
        first = loan()
        first["client"]["timeZone"] = zone
        send(bank, first)
    with time_machine.travel("2026-11-03T20:01Z", tick=False):
        send(bank, dearer(1, "penaltyCharges", timeZone=zone))
    assert Installment.objects.get(number=1).version == version


@time_machine.travel("2026-11-10T04:00Z", tick=False)
def test_another_rate_of_one_that_is_late_is_a_change(bank: Partner) -> None:
    send(bank, loan())
    other = loan()
    other["repaymentSchedule"]["periods"][0] = period(1, [2026, 11, 3], total=90)
    send(bank, other)
    assert Installment.objects.get(number=1).version == 2
