"""What pushed events do to loans, payments and positions, and what is said of each."""

from decimal import Decimal

import pytest

from loans import signals, tasks
from loans.intake.events.catalogue import CATALOGUE
from loans.intake.events.sweep import look_again
from loans.intake.records import Code
from loans.models import Event, Installment, Loan, Partner, Payment, Position, Report
from loans.tests.disputes import heard
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import about, event, make_key, push, told

pytestmark = pytest.mark.django_db
State = Installment.State
Status = Event.Status


@pytest.fixture
def bank() -> str:
    return make_key(make_bank())


@pytest.fixture
def platform() -> str:
    return make_key(make_platform())


THIRD = {"principal": "5.00", "total": "5.00", "outstanding": "5.00"}
APPLIED, UNCHANGED, KEPT = (Status.APPLIED, ""), (Status.UNCHANGED, ""), (Status.KEPT, "")


def test_an_opened_loan_is_there_with_its_borrower_and_schedule(bank: str) -> None:
    assert told("harbour", bank, about("loan.opened")) == [APPLIED]
    loan = Loan.objects.get()
    assert (loan.external_id, loan.currency, loan.principal) == ("LN-20417", "CNY", Decimal("800.00"))
    assert loan.borrower.name == "Lin Mei"
    assert [(row.number, row.total, row.state) for row in loan.installments.order_by("number")] == [
        (1, Decimal("412.500"), State.OPEN),
        (2, Decimal("406.250"), State.OPEN),
    ]


def test_the_same_event_again_changes_nothing(bank: str) -> None:
    said = about("loan.opened")
    assert told("harbour", bank, said) == [APPLIED]
    assert told("harbour", bank, said) == [UNCHANGED]
    assert told("harbour", bank, about("schedule.published")) == [UNCHANGED]


def test_a_changed_schedule_raises_the_version_of_what_changed(bank: str) -> None:
    told("harbour", bank, about("loan.opened"))
    assert told("harbour", bank, about("schedule.changed")) == [APPLIED]
    assert list(Installment.objects.order_by("number").values_list("version", flat=True)) == [1, 2]


def test_money_travels_from_the_platform_to_the_bank(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    first = Installment.objects.get(number=1)
    assert told("lantern", platform, about("payment.initiated")) == [KEPT]
    assert told("lantern", platform, about("payment.received")) == [APPLIED]
    first.refresh_from_db()
    assert first.state == State.AWAITING_BANK
    assert Payment.objects.get().status == Payment.Status.RECEIVED
    assert told("harbour", bank, about("payment.settled")) == [APPLIED]
    first.refresh_from_db()
    assert first.state == State.SETTLED
    assert first.outstanding == 0
    assert Payment.objects.get().status == Payment.Status.SETTLED
    assert told("harbour", bank, about("payment.settled")) == [UNCHANGED]


def test_a_payment_that_comes_back_leaves_the_installment_open(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    told("lantern", platform, about("payment.received"))
    assert told("lantern", platform, about("payment.returned")) == [APPLIED]
    assert Payment.objects.get().status == Payment.Status.RETURNED
    assert Installment.objects.get(number=1).state == State.OPEN


def test_a_payment_is_for_the_period_that_it_names(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    told("lantern", platform, about("payment.received", payment="P-77", installment=2, amount="406.25"))
    payment = Payment.objects.get()
    assert payment.installment == Installment.objects.get(number=2)


def test_a_payment_event_leaves_the_schedule_and_the_positions_alone(bank: str) -> None:
    told("harbour", bank, about("loan.opened"))
    before = list(Installment.objects.order_by("number").values_list("number", "total", "version"))
    told("harbour", bank, about("payment.settled", amount="1.00"))
    assert list(Installment.objects.order_by("number").values_list("number", "total", "version")) == before
    assert not Installment.objects.filter(state=State.WITHDRAWN).exists()


@pytest.mark.parametrize(("code", "state"), [("harbour", State.SETTLED), ("lantern", State.AWAITING_BANK)])
def test_a_snapshot_is_the_position_of_who_sent_it(bank: str, platform: str, code: str, state: str) -> None:
    told("harbour", bank, about("loan.opened"))
    secret = {"harbour": bank, "lantern": platform}[code]
    assert told(code, secret, about("position.snapshot")) == [APPLIED]
    position = Position.objects.get(installment__number=1, partner__code=code)
    assert (position.status, position.paid) == (Position.Status.PAID, Decimal("412.50"))
    assert Installment.objects.get(number=1).state == state
    assert Installment.objects.get(number=1).total == Decimal("412.50")


def test_the_later_word_of_a_partner_holds_whichever_comes_first(bank: str, platform: str) -> None:
    told("harbour", bank, event("loan.opened", occurred_at="2026-11-20T00:00:00Z"))
    paid = about("position.snapshot") | {"occurred_at": "2026-11-26T00:00:00Z"}
    due = about("position.snapshot", installments=[{"number": 1, "paid": "0.00", "outstanding": "412.50"}])
    assert told("lantern", platform, paid) == [APPLIED]
    assert told("lantern", platform, due | {"occurred_at": "2026-11-25T00:00:00Z"}) == [UNCHANGED]
    assert Position.objects.get(partner__code="lantern").status == Position.Status.PAID
    assert told("lantern", platform, due | {"occurred_at": "2026-11-27T00:00:00Z"}) == [APPLIED]


def test_a_position_names_the_report_that_said_so_and_when_it_was_so(bank: str) -> None:
    told("harbour", bank, about("loan.opened"))
    answers = [
        push("harbour", bank, about("position.snapshot", installments=[one]))
        for one in (
            {"number": 1, "paid": "12.50", "outstanding": "400.00"},
            {"number": 2, "paid": "6.25", "outstanding": "400.00"},
        )
    ]
    tasks.apply_events()
    positions = Position.objects.order_by("installment__number")
    assert [position.report_id for position in positions] == [answer.json()["report"] for answer in answers]
    assert {position.as_of.isoformat() for position in positions} == {"2026-11-27T01:00:00+00:00"}


def test_events_before_their_loan_wait_and_are_applied_when_it_comes(bank: str, platform: str) -> None:
    waiting = [(Status.WAITING, "unknown_loan")]
    assert told("lantern", platform, about("payment.received")) == waiting
    assert told("lantern", platform, about("position.snapshot")) == waiting
    assert told("harbour", bank, about("schedule.published")) == waiting
    assert look_again() == 0
    assert set(Report.objects.values_list("unmatched", flat=True)) == {1}
    told("harbour", bank, about("loan.opened"))
    assert tasks.look_again_at_events() == 3
    assert set(Event.objects.exclude(type="schedule.published").values_list("status", flat=True)) == {Status.APPLIED}
    assert set(Report.objects.values_list("unmatched", flat=True)) == {0}
    assert Installment.objects.get(number=1).state == State.AWAITING_BANK


def test_in_one_message_an_event_finds_the_loan_that_another_opened(bank: str) -> None:
    later = about("payment.settled") | {"occurred_at": "2026-11-27T09:00:01+08:00"}
    assert told("harbour", bank, later, about("loan.opened")) == [APPLIED, APPLIED]
    assert Installment.objects.get(number=1).state == State.SETTLED


def test_what_the_database_contradicts_is_refused_event_by_event(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    assert told(
        "lantern",
        platform,
        about("payment.received", currency="HKD"),
        about("prompt.sent", installment=9),
        about("payment.received"),
    ) == [
        (Status.REFUSED, Code.CURRENCY),
        (Status.REFUSED, Code.UNKNOWN_INSTALLMENT),
        APPLIED,
    ]
    report = Report.objects.latest("pk")
    assert (report.status, report.applied) == (Report.Status.PARTLY, 1)
    assert [refusal["place"] for refusal in report.refusals] == ["event 1", "event 2"]


def test_what_is_said_of_a_period_that_is_not_there_yet_waits_for_it(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    third = {"number": 3, "paid": "5.00", "outstanding": "0.00"}
    snapshot = about("position.snapshot", installments=[{"number": 1, "paid": "12.50", "outstanding": "400.00"}, third])
    assert told("lantern", platform, snapshot) == [(Status.WAITING, Code.UNKNOWN_INSTALLMENT)]
    assert Position.objects.get(partner__code="lantern").installment.number == 1
    assert look_again() == 0
    more = [*CATALOGUE["loan.opened", 1].example["schedule"], dict(number=3, due_on="2026-03-15", **THIRD)]
    assert told("harbour", bank, about("schedule.changed", schedule=more)) == [APPLIED]
    assert Position.objects.get(partner__code="lantern", installment__number=3).paid == 5
    assert look_again() == 1
    assert not Event.objects.waiting().exists()


def test_a_payment_for_a_period_that_is_not_there_goes_to_what_is_due(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    assert told("lantern", platform, about("payment.received", payment="P-1", installment=9)) == [APPLIED]
    assert "no period 9" in Event.objects.latest("pk").reason
    assert Payment.objects.get().installment == Installment.objects.get(number=1)


@pytest.mark.parametrize("by", ["harbour", "lantern"])
def test_a_payment_that_went_back_before_it_was_told_of_is_no_payment_when_it_is(
    bank: str, platform: str, by: str
) -> None:
    told("harbour", bank, about("loan.opened"))
    with heard(signals.payments_returned) as back:
        assert told(by, {"harbour": bank, "lantern": platform}[by], about("payment.returned")) == [APPLIED]
    assert back == []
    with heard(signals.payments_received) as received:
        assert told("lantern", platform, about("payment.received")) == [APPLIED]
    assert received == []
    assert Payment.objects.get().status == Payment.Status.RETURNED
    assert Installment.objects.get(number=1).state == State.OPEN


def test_a_loan_of_another_platform_is_out_of_reach(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    other = Partner.objects.create(code="pier", kind=Partner.Kind.PLATFORM, name="Pier Mall")
    refused = [(Status.REFUSED, Code.NOT_YOUR_LOAN)]
    for name in ("payment.received", "payment.returned", "position.snapshot", "schedule.changed", "prompt.sent"):
        assert told("pier", make_key(other), about(name)) == refused
    assert told("pier", make_key(other), about("loan.opened")) == refused
    assert not Payment.objects.exists()


def test_what_nobody_takes_up_is_kept(bank: str) -> None:
    told("harbour", bank, about("loan.opened"))
    assert told("harbour", bank, about("payment.initiated")) == [KEPT]


def test_a_payment_that_the_bank_booked_and_takes_back_is_owed_again(bank: str) -> None:
    told("harbour", bank, about("loan.opened"))
    told("harbour", bank, about("payment.settled"))
    before = Installment.objects.get(number=1)
    assert before.state == State.SETTLED
    assert told("harbour", bank, about("payment.returned")) == [APPLIED]
    assert told("harbour", bank, about("payment.returned")) == [UNCHANGED]
    row = Installment.objects.get(number=1)
    assert (row.state, row.outstanding, row.version) == (State.OPEN, row.total, before.version + 1)
    payment = Payment.objects.get()
    assert payment.status == Payment.Status.RETURNED
    assert payment.returned_at is not None


def test_a_platform_cannot_take_back_what_the_bank_booked(bank: str, platform: str) -> None:
    told("harbour", bank, about("loan.opened"))
    told("harbour", bank, about("payment.settled"))
    told("lantern", platform, about("payment.returned"))
    assert Payment.objects.get().status == Payment.Status.SETTLED
    assert Installment.objects.get(number=1).state == State.SETTLED
