"""What an agent decided about a bank line is taken back: line and loan are what the intake makes of them."""

from decimal import Decimal

import pytest

from accounts.models import User
from accounts.tests.factories import make_agent
from loans import signals
from loans.intake.deciding import CannotDecideError, match_line, set_aside
from loans.intake.state import state_of
from loans.intake.statement_records import EntryRecord, TransactionRecord
from loans.intake.taking_back import take_back_decision
from loans.models import Installment, Loan, Payment, StatementLine
from loans.tests.disputes import heard
from loans.tests.factories import make_bank, make_platform
from loans.tests.intake_files import booked, loan_of, seen, send_entries, send_loans
from loans.tests.test_deciding import NOW

pytestmark = pytest.mark.django_db
Match = StatementLine.Match


@pytest.fixture(autouse=True)
def _loans() -> None:
    """Two loans at two firms, of each of which the platform has seen a payment that the bank has not booked."""
    make_bank()
    make_platform()
    send_loans([loan_of(number, transactions=[seen(f"E-{number}")]) for number in (10, 12)], "lantern")
    send_loans([loan_of(number, due="2026-12-20") for number in (10, 12)])


@pytest.fixture
def agent() -> User:
    return make_agent()


def waiting_line(sent: EntryRecord | None = None) -> StatementLine:
    send_entries([sent or booked(3, text="thanks")])
    return StatementLine.objects.waiting().latest("pk")


def match(line: StatementLine, reference: str, agent: User) -> Installment:
    target = Installment.objects.get(payment_reference=reference)
    match_line(line_id=line.pk, installment_id=target.pk, agent=agent, now=NOW)
    return target


@pytest.mark.parametrize("reference", ["LN-12-1", "LN-12-2"])
def test_everything_is_as_it_was_before_the_line_was_matched(agent: User, reference: str) -> None:
    line = waiting_line()
    before = state_of()
    match(line, reference, agent)
    assert state_of() != before
    taken = take_back_decision(line.pk, agent=agent, now=NOW)
    assert state_of() == before
    assert (taken.decided_by, taken.decided_at, taken.decided_for, taken.payment) == (None, None, None, None)
    assert StatementLine.objects.waiting().get() == taken


def test_the_floors_above_hear_that_it_is_owed_and_that_the_payment_is_none(agent: User) -> None:
    line = waiting_line()
    target = match(line, "LN-12-2", agent)
    payment = Payment.objects.get(lines=line)
    with heard(signals.payments_returned) as returned, heard(signals.installments_changed) as changed:
        take_back_decision(line.pk, agent=agent, now=NOW)
    assert returned == [{"payment_ids": [payment.pk]}]
    assert changed == [{"installment_ids": [target.pk]}]
    target.refresh_from_db()
    assert (target.state, target.paid) == (Installment.State.OPEN, Decimal(0))


def test_a_payment_that_the_platform_saw_waits_for_the_bank_again(agent: User) -> None:
    line = waiting_line()
    match(line, "LN-12-1", agent)
    assert Payment.objects.get(end_to_end_id="E-12").status == Payment.Status.SETTLED
    take_back_decision(line.pk, agent=agent, now=NOW)
    assert Payment.objects.get(end_to_end_id="E-12").status == Payment.Status.RECEIVED


def test_a_line_that_was_set_aside_waits_again_for_the_reason_of_before(agent: User) -> None:
    nameless = TransactionRecord(None, None, None, None, None, "credit")
    lines = [
        waiting_line(),
        waiting_line(booked(4, reversal=True)),
        waiting_line(booked(5, transactions=(nameless, nameless))),
    ]
    before = state_of()
    for line in lines:
        set_aside(line_id=line.pk, reason="a gift", agent=agent, now=NOW)
    for line in lines:
        take_back_decision(line.pk, agent=agent, now=NOW)
    assert state_of() == before


def test_what_was_sent_back_is_a_credit_of_its_loan_again(agent: User) -> None:
    """Nothing was left to pay."""
    send_entries([booked(1, "E-10", "LN-10", amount=Decimal("1020.50"))])
    line = waiting_line(booked(3, text="LN-10"))
    before = state_of()
    set_aside(line_id=line.pk, reason="a gift", agent=agent, now=NOW)
    take_back_decision(line.pk, agent=agent, now=NOW)
    assert state_of() == before
    assert line.payment_id is not None


def test_it_finds_its_loan_by_itself_where_that_has_come_since(agent: User) -> None:
    line = waiting_line(booked(3, text="LN-14-1"))
    match(line, "LN-12-2", agent)
    send_loans([loan_of(14)])
    taken = take_back_decision(line.pk, agent=agent, now=NOW)
    assert (taken.match, taken.loan) == (Match.MATCHED, Loan.objects.get(external_id="LN-14"))


def test_it_is_taken_back_once_and_only_from_an_agent(agent: User) -> None:
    line = waiting_line()
    with pytest.raises(CannotDecideError, match="Nobody has decided"):
        take_back_decision(line.pk, agent=agent, now=NOW)
    match(line, "LN-12-2", agent)
    take_back_decision(line.pk, agent=agent, now=NOW)
    with pytest.raises(CannotDecideError, match="taken back already"):
        take_back_decision(line.pk, agent=agent, now=NOW)
    match(line, "LN-10-1", make_agent())
    line.refresh_from_db()
    assert line.match == Match.MATCHED
