"""A payment of the day on which the bank gives its figure is in it where the bank had named the payment by then."""

from decimal import Decimal

import pytest
from django.utils import timezone

from loans.intake.reports import receive
from loans.models import Installment, PaymentPart, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.import_runs import run
from loans.tests.pushing import about, event, make_key, told

pytestmark = pytest.mark.django_db
COLUMNS = (
    "loan,currency,principal,number,due_on,principal_due,interest_due,total_due,paid,outstanding,borrower,borrower_name,"
    "borrower_phone,repayment_reference,repayment_on,repayment_amount"
)
MORNING, NOON, EVENING = (f"2026-11-28T{hour}:00:00+08:00" for hour in ("09", "12", "18"))


def send_file(paid: int, repaid: int, end: str = "\n") -> None:
    today = timezone.now().date().isoformat()
    row = f"LN-1,CNY,300,1,{today},100,0,100,{paid},{100 - paid},B-1,Lin Wei,13800138000,E-1,{today},{repaid}"
    assert receive("harbour", Report.Kind.LOANS, "loans.csv", f"{COLUMNS}{end}{row}{end}".encode()).refused == 0


def owed() -> tuple[float, float, str]:
    """What is paid, what is left and the state; small amounts, which a float holds."""
    row = Installment.objects.get(number=1)
    return float(row.paid), float(row.outstanding), row.state


@pytest.mark.parametrize(("paid", "state"), [(40, "open"), (50, "open"), (100, "settled")])
def test_a_repayment_in_the_same_record_as_the_figure_is_counted_once(paid: int, state: str) -> None:
    make_bank()
    for end in ("\n", "\r\n"):  # the next file says the same
        send_file(paid, repaid=paid, end=end)
        assert owed() == (paid, 100 - paid, state)
    part = PaymentPart.objects.get()
    assert (float(part.amount), float(part.since)) == (paid, 0)


def test_more_than_the_figure_holds_comes_on_top_of_it() -> None:
    make_bank()
    send_file(30, repaid=50)
    assert owed() == (50, 50, "open")


class TestEvents:
    """The first installment is of 412.50."""

    @pytest.fixture
    def key(self) -> str:
        key = make_key(make_bank())
        make_platform()
        told("harbour", key, about("loan.opened"))
        return key

    def figure(self, key: str, paid: str, at: str) -> None:
        rows = [{"number": 1, "paid": paid, "outstanding": str(Decimal("412.50") - Decimal(paid))}]
        said = about("position.snapshot", installments=rows)["data"]
        assert told("harbour", key, event("position.snapshot", said, occurred_at=at)) == [("applied", "")]

    def payment(self, key: str, at: str) -> None:
        said = about("payment.settled", amount="50.00", paid_on="2026-11-28")["data"]
        assert told("harbour", key, event("payment.settled", said, occurred_at=at))[0][0] in {"applied", "unchanged"}

    @pytest.mark.parametrize(("at", "paid"), [(MORNING, 50), (NOON, 50), (EVENING, 100)])
    def test_what_the_bank_had_named_by_its_figure_is_in_it_and_what_it_names_later_is_not(
        self, key: str, at: str, paid: int
    ) -> None:
        self.payment(key, at)
        self.figure(key, "50.00", NOON)
        assert owed() == (paid, 412.5 - paid, "open")

    def test_it_stays_so_when_the_bank_names_it_once_more(self, key: str) -> None:
        self.payment(key, MORNING)
        self.figure(key, "50.00", NOON)
        self.payment(key, EVENING)
        assert owed()[0] == 50

    def test_so_it_is_by_whichever_message_comes_first(self, key: str) -> None:
        self.figure(key, "50.00", NOON)
        self.payment(key, EVENING)
        assert owed()[0] == 100
        self.payment(key, MORNING)
        assert owed()[0] == 50
        ended = run("replay_reports")
        assert (ended.code, ended.out) == (0, "The same state by 4 reports.\n")
