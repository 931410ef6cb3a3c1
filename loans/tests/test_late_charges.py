"""What a bank charges once the due day is over leaves the schedule as it was told."""

from decimal import Decimal
from typing import Any

import pytest
import time_machine

from loans.models import Installment, Partner
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import about, make_key, told
from loans.tests.test_apply_loans import State, loan, paid_loan, period, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank() -> Partner:
    return make_bank()


@pytest.fixture
def platform() -> Partner:
    return make_platform()


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


def seen(platform: Partner, day: str, amount: str = "100.00") -> None:
    """The platform pushes that it has seen money for the first period, at noon in Shanghai."""
    with time_machine.travel(f"{day}T04:00Z", tick=False):
        paid = about("payment.received", loan="LN-17", installment=1, amount=amount, payment="P-1", paid_on=day)
        assert told(platform.code, make_key(platform), paid | {"occurred_at": f"{day}T03:59:00Z"}) == [("applied", "")]


def first() -> tuple[str, int, Decimal]:
    row = Installment.objects.get(number=1)
    return row.state, row.version, row.outstanding


@pytest.mark.parametrize("name", ["penaltyCharges", "feeCharges"])
def test_what_the_platform_has_seen_in_full_goes_on_waiting_though_the_bank_charges_for_being_late(
    bank: Partner, platform: Partner, name: str
) -> None:
    """The borrower paid all that was due, in time; what the bank has not seen, it calls late."""
    with time_machine.travel("2026-11-01T02:00Z", tick=False):
        send(bank, loan())
    seen(platform, "2026-11-02")
    with time_machine.travel("2026-11-04T01:00Z", tick=False):
        send(bank, dearer(1, name))
    assert first() == (State.AWAITING_BANK, 1, Decimal(105))
    booked = dearer(1, name)
    booked["repaymentSchedule"]["periods"][0] |= {
        "principalPaid": 100, "principalOutstanding": 0, "totalPaidForPeriod": 100, "totalOutstandingForPeriod": 5,
    }  # fmt: skip
    with time_machine.travel("2026-11-05T01:00Z", tick=False):
        send(bank, booked)
    assert first() == (State.OPEN, 2, Decimal(5))
    seen_of_the_rest = {"type": {"repayment": True}, "externalId": "P-2", "date": [2026, 11, 5], "amount": 3}
    with time_machine.travel("2026-11-05T04:00Z", tick=False):
        send(platform, booked | {"transactions": [seen_of_the_rest]})
    assert first() == (State.OPEN, 2, Decimal(5))


def test_a_charge_that_is_waived_hides_nothing_of_what_is_owed(bank: Partner, platform: Partner) -> None:
    with time_machine.travel("2026-11-01T02:00Z", tick=False):
        send(bank, loan())
    seen(platform, "2026-11-02", amount="95.00")
    waived = dearer(1, "penaltyCharges")
    waived["repaymentSchedule"]["periods"][0] |= {"penaltyChargesWaived": 5, "totalOutstandingForPeriod": 100}
    with time_machine.travel("2026-11-04T01:00Z", tick=False):
        send(bank, waived)
    assert first()[0] == State.OPEN


def test_what_was_charged_by_the_due_day_is_to_be_seen_with_the_rest(bank: Partner, platform: Partner) -> None:
    with time_machine.travel("2026-11-01T02:00Z", tick=False):
        send(bank, dearer(1, "feeCharges"))
    seen(platform, "2026-11-02")
    assert first() == (State.OPEN, 1, Decimal(105))


def test_what_becomes_dearer_before_it_is_due_is_to_be_seen_with_the_rest(bank: Partner, platform: Partner) -> None:
    with time_machine.travel("2026-11-01T02:00Z", tick=False):
        send(bank, loan())
    with time_machine.travel("2026-11-01T03:00Z", tick=False):
        send(bank, dearer(1, "feeCharges"))
    seen(platform, "2026-11-02")
    assert first() == (State.OPEN, 2, Decimal(105))


def test_what_a_platform_calls_paid_keeps_its_version_though_the_bank_charges_for_being_late(
    bank: Partner, platform: Partner
) -> None:
    """Else the news that it came back would be told beside a stage of the figures that were told already."""
    with time_machine.travel("2026-11-01T02:00Z", tick=False):
        send(bank, loan())
        send(platform, paid_loan(1))
    with time_machine.travel("2026-11-04T01:00Z", tick=False):
        send(bank, dearer(1, "penaltyCharges"))
    assert first() == (State.AWAITING_BANK, 1, Decimal(105))
