"""Two banks may use one loan number: an event may name the loan's bank."""

from decimal import Decimal

import pytest

from loans import tasks
from loans.intake.events.catalogue import CATALOGUE
from loans.models import Event, Loan, Partner, Payment, Position, WaitingRecord
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import about, make_key, told

pytestmark = pytest.mark.django_db
APPLIED = (Event.Status.APPLIED, "")
UNKNOWN_BANK = (Event.Status.REFUSED, "unknown_bank")
WAITING = (Event.Status.WAITING, "unknown_loan")
OPENED = ("loan.opened", 1)
SOMEBODY = {"id": "B-9", "phone": "+8613800139999"}


@pytest.fixture
def bank() -> str:
    return make_key(make_bank())


@pytest.fixture
def other() -> str:
    return make_key(Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank"))


@pytest.fixture
def platform() -> str:
    return make_key(make_platform())


@pytest.fixture
def both(bank: str, other: str, platform: str) -> None:
    """Both banks have a loan LN-20417, and the platform sold the two of them."""
    told("harbour", bank, about("loan.opened"))
    told("other", other, about("loan.opened", borrower=SOMEBODY))
    Loan.objects.update(platform=Partner.objects.get(code="lantern"))


@pytest.mark.usefixtures("both")
def test_without_its_bank_nobody_knows_which_loan_is_meant_and_the_reason_says_what_to_name(platform: str) -> None:
    for name in ("payment.received", "position.snapshot", "prompt.sent"):
        assert told("lantern", platform, about(name)) == [(Event.Status.REFUSED, "value")]
        assert "name its bank in the member bank" in Event.objects.latest("pk").reason
    assert not Payment.objects.exists()


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("code", ["harbour", "other"])
def test_the_bank_that_an_event_names_tells_which_loan_is_meant(platform: str, code: str) -> None:
    assert told("lantern", platform, about("payment.received", bank=code)) == [APPLIED]
    assert Payment.objects.get().loan.bank.code == code


@pytest.mark.usefixtures("both")
def test_a_schedule_and_a_snapshot_are_of_the_loan_of_the_bank_that_they_name(platform: str) -> None:
    assert told("lantern", platform, about("position.snapshot", bank="other")) == [APPLIED]
    assert told("lantern", platform, about("schedule.published", bank="other")) == [APPLIED]
    spoken = Loan.objects.filter(installments__positions__partner__code="lantern").distinct()
    assert [loan.bank.code for loan in spoken] == ["other"]


@pytest.mark.parametrize("code", ["nobody", "lantern"])
def test_a_bank_that_is_not_known_is_refused(bank: str, platform: str, code: str) -> None:
    told("harbour", bank, about("loan.opened"))
    assert told("lantern", platform, about("payment.received", bank=code)) == [UNKNOWN_BANK]
    assert not Payment.objects.exists()


@pytest.mark.usefixtures("both")
def test_a_bank_speaks_of_its_own_loans_and_may_name_itself(bank: str) -> None:
    assert told("harbour", bank, about("payment.settled", bank="other")) == [UNKNOWN_BANK]
    assert told("harbour", bank, about("payment.settled", bank="harbour")) == [APPLIED]
    assert Payment.objects.get().loan.bank.code == "harbour"


@pytest.mark.usefixtures("other")
def test_what_names_a_bank_waits_for_that_banks_loan(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    said = about("payment.received", bank="other")
    assert told("lantern", platform, said) == [WAITING]
    assert told("lantern", platform, about("payment.received", payment="P-2")) == [APPLIED]
    waiting = Event.objects.get(event_id=said["id"])
    assert (waiting.status, waiting.bank) == (Event.Status.WAITING, "other")
    assert tasks.look_again_at_events() == 0
    told("other", make_key(Partner.objects.get(code="other")), about("loan.opened", borrower=SOMEBODY))
    assert tasks.look_again_at_events() == 1
    waiting.refresh_from_db()
    assert waiting.status == Event.Status.APPLIED
    assert {payment.loan.bank.code for payment in Payment.objects.all()} == {"harbour", "other"}


@pytest.mark.usefixtures("bank", "other")
def test_a_platform_that_names_the_bank_opens_a_loan_before_its_bank_does(platform: str) -> None:
    assert told("lantern", platform, about("loan.opened")) == [WAITING]
    assert "several banks are known here: name the loan's bank" in Event.objects.get().reason
    assert told("lantern", platform, about("loan.opened", bank="other")) == [APPLIED]
    assert [loan.bank.code for loan in Loan.objects.all()] == ["other"]


def test_what_waits_for_a_period_of_one_banks_loan_is_not_taken_up_for_the_others(
    bank: str, other: str, platform: str
) -> None:
    told("other", other, about("loan.opened", borrower=SOMEBODY))
    ahead = [{"number": 3, "paid": "5.00", "outstanding": "0.00"}]
    told("lantern", platform, about("position.snapshot", bank="other", installments=ahead))
    told("harbour", bank, about("loan.opened"))
    assert WaitingRecord.objects.get().content["bank"] == "other"
    third = {"number": 3, "due_on": "2026-03-15", "principal": "5.00", "total": "5.00", "outstanding": "5.00"}
    told("other", other, about("schedule.changed", schedule=[*CATALOGUE[OPENED].example["schedule"], third]))
    assert not WaitingRecord.objects.exists()
    position = Position.objects.get(partner__code="lantern")
    assert (position.installment.loan.bank.code, position.paid) == ("other", Decimal(5))
