"""What the bank's figure may hold of a payment that only the platform has seen is not known to be on its way."""

import pytest

from loans.models import Installment, PaymentPart
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import about, event, make_key, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen() -> tuple[str, str]:
    """60 of the first 412.50 were paid at the platform; returns the keys of bank and platform."""
    bank, platform = make_key(make_bank()), make_key(make_platform())
    told("harbour", bank, about("loan.opened"))
    told("lantern", platform, about("payment.received", amount="60.00"))
    return bank, platform


def part() -> tuple[str, int, int]:
    row = PaymentPart.objects.select_related("payment").get()
    return row.payment.status, int(row.amount), int(row.since)


def show(bank: str, paid: str, outstanding: str) -> None:
    said = about("position.snapshot", installments=[{"number": 1, "paid": paid, "outstanding": outstanding}])
    told("harbour", bank, event("position.snapshot", said["data"], occurred_at="2026-11-28T10:00:00+08:00"))


@pytest.mark.usefixtures("seen")
def test_nothing_of_it_is_in_a_figure_of_nothing() -> None:
    assert part() == ("received", 60, 60)


def test_what_the_figure_may_hold_is_not_since(seen: tuple[str, str]) -> None:
    show(seen[0], "50.00", "362.50")
    assert part() == ("received", 60, 10)
    row = Installment.objects.get(number=1)
    assert (str(row.paid), str(row.outstanding), row.state) == ("50.000", "362.500", "open")


def test_what_the_figure_holds_as_a_whole_counts_as_booked(seen: tuple[str, str]) -> None:
    show(seen[0], "60.00", "352.50")
    assert part() == ("settled", 60, 0)
    assert int(Installment.objects.get(number=1).paid) == 60
