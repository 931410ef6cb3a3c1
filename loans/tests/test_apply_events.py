"""What pushed events do to loans, payments and positions, and what is said of each."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from loans import signals, tasks
from loans.intake.events.catalogue import CATALOGUE
from loans.intake.events.sweep import look_again
from loans.intake.records import Code
from loans.models import Event, Installment, Loan, Outage, Partner, Payment, Position, Report
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


def test_an_outage_that_a_firm_declares_holds_until_it_says_that_it_is_over(bank: str) -> None:
    begun = (timezone.now() - timedelta(minutes=5)).isoformat()
    declared = about("outage.declared", outage="INC-1", starts_at=begun, ends_at=None)
    declared["data"].pop("ends_at")
    assert told("harbour", bank, declared) == [APPLIED]
    outage = Outage.objects.get()
    assert (outage.partner.code, outage.reference, outage.ends_at, outage.declared_by) == (
        "harbour",
        "INC-1",
        None,
        None,
    )
    assert outage.reason == CATALOGUE["outage.declared", 1].example["reason"]
    again = about("outage.declared", outage="INC-1", starts_at=begun, reason="Other words.")
    again["data"].pop("ends_at")
    assert told("harbour", bank, again) == [UNCHANGED]
    assert told("harbour", bank, about("outage.ended", outage="INC-1")) == [APPLIED]
    assert told("harbour", bank, about("outage.ended", outage="INC-1")) == [UNCHANGED]
    outage.refresh_from_db()
    assert outage.ends_at is not None
    assert outage.reason == CATALOGUE["outage.declared", 1].example["reason"]


def outage_from(start: timedelta, lasts: timedelta | None = None) -> dict[str, Any]:
    """INC-1, from so long after now."""
    starts_at = timezone.now() + start
    said = about("outage.declared", outage="INC-1", starts_at=starts_at.isoformat())
    said["data"] |= {"ends_at": (starts_at + lasts).isoformat()} if lasts else {}
    if not lasts:
        said["data"].pop("ends_at")
    return said | {"occurred_at": timezone.now().isoformat()}


DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "lasts", "plausible"),
    [
        (-30 * DAY, None, True),
        (-32 * DAY, None, False),
        (-32 * DAY, 2 * DAY, False),
        (-DAY, 31 * DAY, True),
        (-DAY, 32 * DAY, False),
        (-20000 * DAY, 70000 * DAY, False),
    ],
)
def test_an_outage_of_a_wrong_year_is_kept_and_holds_nothing(
    bank: str, start: timedelta, lasts: timedelta | None, plausible: bool
) -> None:
    outcome = APPLIED if plausible else (Status.KEPT, Code.IMPLAUSIBLE_DATE)
    assert told("harbour", bank, outage_from(start, lasts)) == [outcome]
    assert Outage.objects.count() == plausible
    if not plausible:
        assert "declare it again" in Event.objects.latest("pk").reason


def test_an_outage_without_an_end_is_not_believed_by_an_event_that_claims_to_be_as_old(bank: str) -> None:
    said = outage_from(-400 * DAY) | {"occurred_at": (timezone.now() - 399 * DAY).isoformat()}
    assert told("harbour", bank, said) == [(Status.KEPT, Code.IMPLAUSIBLE_DATE)]


def test_an_end_that_has_not_come_ends_nothing(bank: str) -> None:
    told("harbour", bank, outage_from(-DAY))
    later = about("outage.ended", outage="INC-1", ended_at=(timezone.now() + DAY).isoformat())
    assert told("harbour", bank, later) == [(Status.KEPT, Code.IMPLAUSIBLE_DATE)]
    assert Outage.objects.get().ends_at is None
    now = about("outage.ended", outage="INC-1", ended_at=(timezone.now() - HOUR).isoformat())
    assert told("harbour", bank, now) == [APPLIED]
    ends_at = Outage.objects.get().ends_at
    assert ends_at is not None
    assert timezone.now() - ends_at < HOUR


def test_the_end_of_an_outage_that_nobody_declared_is_refused(bank: str, platform: str) -> None:
    assert told("harbour", bank, outage_from(-DAY)) == [APPLIED]
    assert told("lantern", platform, about("outage.ended", outage="INC-1")) == [(Status.REFUSED, Code.ORDER)]
