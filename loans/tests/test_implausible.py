"""What cannot be true of a payment is kept and told to nobody, whichever way it came."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.tests.factories import make_agent
from loans import signals
from loans.intake.deciding import match_line
from loans.intake.events.catalogue import CATALOGUE
from loans.intake.records import RepaymentRecord
from loans.models import Event, Installment, Loan, Payment, PaymentWord, StatementLine
from loans.tests.disputes import heard
from loans.tests.factories import make_bank, make_platform
from loans.tests.histories import START, entry, loan_record, loans, period_record
from loans.tests.intake_files import loan_of, seen, send_entries, send_loans
from loans.tests.pushing import about, event, make_key, told
from loans.tests.test_replay import same_whatever_comes_first, statement

pytestmark = pytest.mark.django_db
APPLIED = (Event.Status.APPLIED, "")
TOO_MUCH, WRONG_DAY = (Event.Status.KEPT, "implausible_amount"), (Event.Status.KEPT, "implausible_date")
MOST = "1637.50"
"""Twice the 818.75 that the example's loan comes to."""


@pytest.fixture
def platform() -> str:
    return make_key(make_platform())


@pytest.fixture
def bank(platform: str) -> str:
    """The example's loan is there."""
    key = make_key(make_bank())
    assert told("harbour", key, about("loan.opened")) == [APPLIED]
    return key


@pytest.fixture
def news() -> Iterator[list[dict[str, Any]]]:
    """What the floors above are told of payments."""
    with ExitStack() as stack:
        three = (signals.payments_received, signals.payments_settled, signals.payments_returned)
        calls = [stack.enter_context(heard(signal)) for signal in three]
        together: list[dict[str, Any]] = []
        yield together
        together += [call for some in calls for call in some]
        assert together == []


def standing() -> list[tuple[Any, ...]]:
    return list(Installment.objects.order_by("number").values_list("number", "state", "paid", "outstanding"))


@pytest.mark.usefixtures("news")
@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"amount": "999999999999.99"}, TOO_MUCH),
        ({"amount": "1637.51"}, TOO_MUCH),
        ({"paid_on": "2001-01-12"}, WRONG_DAY),
        ({"paid_on": "2025-11-13"}, WRONG_DAY),
        ({"paid_on": (timezone.now() + timedelta(days=3)).date().isoformat()}, WRONG_DAY),
    ],
)
@pytest.mark.parametrize("name", ["payment.received", "payment.settled", "payment.returned"])
def test_what_a_firm_pushes_and_cannot_be_true_changes_nothing(
    bank: str, platform: str, name: str, said: dict[str, str], outcome: tuple[str, str]
) -> None:
    before = standing()
    code, key = ("harbour", bank) if name == "payment.settled" else ("lantern", platform)
    assert told(code, key, about(name, **said)) == [outcome]
    assert standing() == before
    assert not Payment.objects.exists()
    event = Event.objects.latest("pk")
    assert "told to nobody" in event.reason
    assert bytes(event.report.content)


def test_what_is_within_its_bounds_counts(bank: str, platform: str) -> None:
    assert told("lantern", platform, about("payment.received", amount=MOST, paid_on="2025-11-14")) == [APPLIED]
    assert Payment.objects.get().status == Payment.Status.RECEIVED


def test_a_later_word_that_cannot_be_true_leaves_an_earlier_one_as_it_was(bank: str, platform: str) -> None:
    told("lantern", platform, about("payment.received"))
    before, payment = standing(), Payment.objects.values().get()
    assert told("lantern", platform, about("payment.received", amount="41250.00")) == [TOO_MUCH]
    assert told("lantern", platform, about("payment.returned", paid_on="2001-01-12")) == [WRONG_DAY]
    assert (standing(), Payment.objects.values().get()) == (before, payment)
    assert PaymentWord.objects.count() == 3


def test_a_firm_mends_it_by_the_right_figure(bank: str, platform: str) -> None:
    told("lantern", platform, about("payment.received", amount="41250.00"))
    with heard(signals.payments_received) as received:
        assert told("lantern", platform, about("payment.received")) == [APPLIED]
    payment = Payment.objects.get()
    assert (payment.status, payment.amount) == (Payment.Status.RECEIVED, Decimal("412.50"))
    assert received == [{"payment_ids": [payment.pk]}]
    assert Installment.objects.get(number=1).state == Installment.State.AWAITING_BANK


def test_what_the_other_firm_says_of_the_same_payment_stands(bank: str, platform: str) -> None:
    told("lantern", platform, about("payment.received"))
    assert told("harbour", bank, about("payment.settled", amount="41250.00")) == [TOO_MUCH]
    assert Payment.objects.get().status == Payment.Status.RECEIVED
    assert told("harbour", bank, about("payment.settled")) == [APPLIED]
    assert Payment.objects.get().status == Payment.Status.SETTLED


def test_what_cannot_be_true_in_a_file_is_remarked_and_the_rest_of_it_applied() -> None:
    make_bank()
    make_platform()
    ahead = (timezone.now() + timedelta(days=3)).date()
    said = [
        seen("E-1"),
        seen("E-2") | {"amount": 99999999999.99},
        seen("E-3") | {"date": [2001, 1, 12]},
        seen("E-4") | {"date": [ahead.year, ahead.month, ahead.day]},
    ]
    outcome = send_loans([loan_of(1, transactions=said)])
    assert outcome.applied == 1
    assert [payment.end_to_end_id for payment in Payment.objects.all()] == ["E-1"]
    assert [remark.split("; ")[1] for remark in outcome.remarks if "LN-1" in remark] == [
        "it is kept, counts for nothing and is told to nobody"
    ] * 3


def test_where_nobody_says_when_a_loan_was_paid_out_its_periods_are_counted_back(bank: str, platform: str) -> None:
    plan = dict(CATALOGUE["loan.opened", 1].example)
    del plan["disbursed_on"]
    told("harbour", bank, event("loan.opened", plan | {"loan": "LN-2", "schedule": plan["schedule"][:1]}))
    cut = [plan["schedule"][1] | {"number": 3}]
    told("harbour", bank, event("loan.opened", plan | {"loan": "LN-3", "schedule": cut}))
    for loan, day, outcome in (
        ("LN-2", "2025-01-14", APPLIED),
        ("LN-2", "2025-01-13", WRONG_DAY),
        ("LN-3", "2023-02-13", APPLIED),
        ("LN-3", "2023-02-12", WRONG_DAY),
    ):
        said = about("payment.received", loan=loan, paid_on=day, amount="1.00", payment=day)
        assert told("lantern", platform, said) == [outcome], (loan, day)


def line_of(amount: str, day: date) -> StatementLine:
    record = entry("credit", Decimal(amount), day, None, "LN-1")
    assert send_entries([record]).unmatched == 1
    return StatementLine.objects.get()


@pytest.fixture
def loan() -> None:
    """LN-1, of two periods of 510.25."""
    make_bank()
    make_platform()
    send_loans([loan_of(1)])


@pytest.mark.usefixtures("loan", "news")
@pytest.mark.parametrize(
    ("amount", "day", "why"),
    [
        ("999999999999.99", date(2026, 11, 20), "more than twice what the whole loan comes to"),
        ("510.25", date(2001, 1, 12), "dated before there was such a loan"),
        ("510.25", timezone.now().date() + timedelta(days=12), "dated after the day on which it was reported"),
    ],
)
def test_a_line_that_cannot_be_for_its_loan_waits_for_an_agent_and_is_told_to_nobody(
    amount: str, day: date, why: str
) -> None:
    before = standing()
    line = line_of(amount, day)
    assert (line.match, line.why, line.payment) == (StatementLine.Match.UNMATCHED, why, None)
    assert line.loan is not None
    assert standing() == before
    assert not Payment.everything.exists()


@pytest.mark.usefixtures("loan")
def test_what_an_agent_says_of_such_a_line_stands() -> None:
    line = line_of("99999.99", date(2026, 11, 20))
    first = Installment.objects.get(number=1)
    payment = match_line(line_id=line.pk, installment_id=first.pk, agent=make_agent(), now=timezone.now())
    assert (payment.status, payment.amount) == (Payment.Status.SETTLED, Decimal("99999.99"))
    assert Payment.objects.get().credit == Decimal("99999.99") - Decimal("1020.50")


@pytest.mark.usefixtures("loan")
def test_a_bank_may_date_what_it_books_in_a_holiday_for_the_day_on_which_it_opens() -> None:
    record = entry("credit", Decimal("510.25"), timezone.now().date() + timedelta(days=9), None, "LN-1")
    assert send_entries([record]).applied == 1


def test_a_loan_that_comes_to_more_later_has_its_payment_whatever_came_first() -> None:
    make_bank()
    make_platform()
    opened = loan_record(1, [period_record(1, 0)], as_of=None)
    grown = loan_record(1, [period_record(number, 0) for number in range(1, 5)], as_of=None)
    line = entry("credit", Decimal(700), date(2026, 11, 30), None, "LN-1")
    state = same_whatever_comes_first(loans(opened), statement(line), loans(grown))
    assert [row[3:6] for row in state["payments"]] == [("settled", Decimal(700), Decimal(300))]
    state = same_whatever_comes_first(loans(grown), statement(line), loans(opened))
    assert [row[3:6] for row in state["payments"]] == [("settled", Decimal(700), Decimal(600))]


EARLY = date(2026, 10, 10)


@pytest.mark.parametrize(
    ("also", "doubted"),
    [(date(2026, 11, 21), True), (date(2026, 11, 5), False), (date(2026, 12, 31), False), (None, False)],
)
def test_the_widest_that_any_word_on_the_loan_allows_decides_whichever_comes_first(
    also: date | None, doubted: bool
) -> None:
    make_bank()
    make_platform()
    opened = replace(loan_record(1, [period_record(1, 0)], as_of=START), disbursed_on=date(2026, 11, 20))
    again = replace(opened, disbursed_on=also, as_of=START + timedelta(hours=1))
    line = entry("credit", Decimal(60), EARLY, None, "LN-1")
    word = RepaymentRecord("E-1", Decimal(40), EARLY, reversed=False)
    told = replace(opened, as_of=START - timedelta(hours=1), repayments=(word,))
    state = same_whatever_comes_first(loans(opened), statement(line), loans(again), loans(told, "lantern"))
    assert [row[3] for row in state["payments"]] == ["doubted"] if doubted else ["received", "settled"]
    assert (state["statement lines"][0][2] == "dated before there was such a loan") is doubted


OPENED = dict(CATALOGUE["loan.opened", 1].example)


def test_a_slip_in_the_day_of_disbursement_hides_no_booking(bank: str, platform: str) -> None:
    opened = event("loan.opened", OPENED | {"loan": "LN-2", "disbursed_on": "2027-10-25"})
    assert told("harbour", bank, opened)[0][0] == Event.Status.APPLIED
    assert "no payment is judged by that day" in Event.objects.latest("pk").reason
    assert told("harbour", bank, about("payment.settled", loan="LN-2", payment="P-2")) == [APPLIED]
    assert Installment.objects.get(loan__external_id="LN-2", number=1).state == Installment.State.SETTLED


@pytest.mark.parametrize("day", ["2030-01-01", "2026-01-14"])
@pytest.mark.parametrize("firm", ["harbour", "lantern"])
def test_no_later_word_on_the_disbursement_takes_back_what_the_bank_booked(platform: str, firm: str, day: str) -> None:
    """The loan is the platform's word alone, so that its next word on it holds, too."""
    keys = {"harbour": make_key(make_bank()), "lantern": platform}
    plan = OPENED | {"disbursed_on": "2025-12-01"}
    told("lantern", platform, event("loan.opened", plan))
    assert told("harbour", keys["harbour"], about("payment.settled", paid_on="2025-11-20")) == [APPLIED]
    before = standing()
    assert before[0][1] == Installment.State.SETTLED
    told(firm, keys[firm], event("loan.opened", plan | {"disbursed_on": day}))
    assert (standing(), Payment.objects.get().status) == (before, Payment.Status.SETTLED)


def test_a_schedule_that_is_cut_by_mistake_takes_back_no_booking() -> None:
    key = make_key(make_bank())
    told("harbour", key, event("loan.opened", OPENED | {"principal": "0.00"}))
    assert told("harbour", key, about("payment.settled")) == [APPLIED]
    cut = [
        {"number": row["number"], "due_on": row["due_on"], "principal": "1.00", "total": "1.00", "outstanding": "1.00"}
        for row in OPENED["schedule"]
    ]
    said = {name: OPENED[name] for name in ("loan", "currency")} | {"schedule": cut}
    assert told("harbour", key, event("schedule.changed", said)) == [APPLIED]
    assert [row[1] for row in standing()] == [Installment.State.SETTLED] * 2
    payment = Payment.objects.get()
    assert (payment.status, payment.credit) == (Payment.Status.SETTLED, Decimal("410.50"))


def test_a_loan_of_before_remembers_what_it_allowed_when_it_is_next_spoken_of(bank: str, platform: str) -> None:
    assert told("harbour", bank, about("payment.settled", amount="1000.00", paid_on="2025-11-20")) == [APPLIED]
    Loan.objects.update(most_said=None, first_said=None)
    told("harbour", bank, event("loan.opened", OPENED | {"disbursed_on": "2026-01-14", "principal": "1.00"}))
    loan = Loan.objects.get()
    assert (loan.most_said, loan.first_said) == (Decimal("818.75"), date(2025, 11, 14))
    assert Payment.objects.get().status == Payment.Status.SETTLED
