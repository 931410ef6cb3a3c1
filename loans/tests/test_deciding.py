"""An agent decides about bank lines that the intake could not match: once, and with everything that follows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from accounts.tests.factories import make_agent
from loans import signals
from loans.intake.deciding import CannotDecideError, match_line, set_aside, suggestions
from loans.intake.taking_back import take_back_decision
from loans.models import Installment, Loan, Partner, Payment, Report, StatementLine
from loans.tests.disputes import heard
from loans.tests.factories import make_bank, make_installment, make_loan

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DUE = date(2026, 11, 25)
Match = StatementLine.Match
State = Installment.State


@pytest.fixture
def agent() -> User:
    return make_agent()


@pytest.fixture
def loan() -> Loan:
    return make_loan()


@pytest.fixture
def installment(loan: Loan) -> Installment:
    return make_installment(loan, due_on=DUE)


def make_line(bank: Partner | None = None, **fields: Any) -> StatementLine:
    """A booked credit of 100 CNY that nothing was matched to."""
    number = StatementLine.objects.count()
    report, _new = Report.objects.get_or_create(
        partner=bank or make_bank(),
        kind=Report.Kind.STATEMENT,
        defaults={"name": "054.xml", "content": b"", "digest": "d", "received_at": NOW},
    )
    defaults = {
        "place": "entry 1",
        "fingerprint": f"line {number}",
        "amount": Decimal(100),
        "currency": "CNY",
        "side": "credit",
        "booked_on": date(2026, 11, 21),
        "match": Match.UNMATCHED,
        "why": "no end-to-end id and no loan number that we know",
    }
    return StatementLine.objects.create(report=report, **{**defaults, **fields})


def seen(installment: Installment, amount: int = 100, **fields: Any) -> Payment:
    """A payment that the platform saw and the bank has not booked."""
    loan = installment.loan
    defaults = {"status": Payment.Status.RECEIVED, "paid_on": date(2026, 11, 20), "received_at": NOW}
    return Payment.objects.create(
        loan=loan, installment=installment, amount=Decimal(amount), currency=loan.currency, **{**defaults, **fields}
    )


def decide(line: StatementLine, installment: Installment, agent: User, payment: Payment | None = None) -> Payment:
    payment_id = payment.pk if payment else None
    return match_line(line_id=line.pk, installment_id=installment.pk, payment_id=payment_id, agent=agent, now=NOW)


def test_a_matched_line_settles_the_installment_and_keeps_who_decided(installment: Installment, agent: User) -> None:
    line = make_line()
    payment = decide(line, installment, agent)
    line.refresh_from_db()
    installment.refresh_from_db()
    assert (line.match, line.payment, line.decided_by) == (Match.MATCHED, payment, agent)
    assert (payment.status, payment.amount, payment.booked_on) == ("settled", Decimal(100), date(2026, 11, 21))
    assert (installment.state, installment.outstanding) == (State.SETTLED, Decimal(0))


def test_the_floors_above_hear_of_it_within_the_transaction(installment: Installment, agent: User) -> None:
    with heard(signals.payments_settled) as settled, heard(signals.installments_changed) as changed:
        payment = decide(make_line(), installment, agent)
    assert settled == [{"payment_ids": [payment.pk]}]
    assert changed == [{"installment_ids": [installment.pk]}]


def test_the_payment_that_the_platform_saw_is_the_one_that_is_booked(installment: Installment, agent: User) -> None:
    first, second = seen(installment), seen(installment)
    assert decide(make_line(), installment, agent, second) == second
    first.refresh_from_db()
    assert first.status == Payment.Status.RECEIVED
    assert Payment.objects.get(pk=second.pk).status == Payment.Status.SETTLED


def test_without_a_choice_a_waiting_payment_of_that_sum_is_taken_and_no_other(
    installment: Installment, agent: User
) -> None:
    other, same = seen(installment, 60), seen(installment)
    assert decide(make_line(), installment, agent) == same
    assert decide(make_line(amount=Decimal(7)), installment, agent) not in {other, same}
    assert Payment.objects.count() == 3


def test_a_part_of_the_sum_leaves_the_rest_to_be_paid(installment: Installment, agent: User) -> None:
    decide(make_line(amount=Decimal(30)), installment, agent)
    installment.refresh_from_db()
    assert (installment.state, installment.paid, installment.outstanding) == (State.OPEN, Decimal(30), Decimal(70))


def refused(
    line: StatementLine, installment: Installment, agent: User, words: str, payment: Payment | None = None
) -> None:
    with pytest.raises(CannotDecideError, match=words):
        decide(line, installment, agent, payment)
    line.refresh_from_db()
    assert (line.match, line.payment, line.decided_by) == (Match.UNMATCHED, None, None)


def test_a_line_of_another_bank_does_not_fit(installment: Installment, agent: User) -> None:
    elsewhere = Partner.objects.create(code="elsewhere", kind=Partner.Kind.BANK, name="Elsewhere Bank")
    refused(make_line(elsewhere), installment, agent, "another bank")


def test_another_currency_does_not_fit(installment: Installment, agent: User) -> None:
    refused(make_line(currency="USD"), installment, agent, "is in CNY")


@pytest.mark.parametrize("back", [{"reversal": True}, {"side": "debit"}])
def test_money_that_goes_back_settles_nothing(installment: Installment, agent: User, back: dict[str, Any]) -> None:
    refused(make_line(**back), installment, agent, "set aside, not matched")


def test_a_withdrawn_installment_is_not_paid(installment: Installment, agent: User) -> None:
    Installment.objects.update(state=State.WITHDRAWN)
    refused(make_line(), installment, agent, "withdrawn")


def test_a_payment_of_another_loan_does_not_fit(installment: Installment, agent: User) -> None:
    other = seen(make_installment(make_loan(), due_on=DUE))
    refused(make_line(), installment, agent, "of another loan", other)


def test_a_payment_that_is_booked_already_is_not_booked_again(installment: Installment, agent: User) -> None:
    booked = seen(installment, status=Payment.Status.SETTLED)
    refused(make_line(), installment, agent, "meanwhile", booked)


def test_a_line_is_decided_once(installment: Installment, agent: User) -> None:
    line = make_line()
    decide(line, installment, agent)
    with pytest.raises(CannotDecideError, match="decided already: matched to a payment, by Agent"):
        decide(line, installment, make_agent())
    with pytest.raises(CannotDecideError, match="decided already"):
        set_aside(line_id=line.pk, reason="a refund", agent=make_agent(), now=NOW)
    assert Payment.objects.count() == 1


def test_what_the_intake_matched_is_not_decided_by_an_agent(installment: Installment, agent: User) -> None:
    line = make_line(match=Match.MATCHED)
    with pytest.raises(CannotDecideError, match="by the intake"):
        decide(line, installment, agent)


def test_a_line_set_aside_keeps_the_reason_and_who_gave_it(agent: User) -> None:
    line = make_line()
    set_aside(line_id=line.pk, reason="  rent of the branch ", agent=agent, now=NOW)
    line.refresh_from_db()
    assert (line.match, line.why, line.decided_by) == (Match.SET_ASIDE, "rent of the branch", agent)


def test_no_line_is_set_aside_without_a_reason(agent: User) -> None:
    line = make_line()
    with pytest.raises(CannotDecideError, match="Say why"):
        set_aside(line_id=line.pk, reason="  ", agent=agent, now=NOW)
    assert StatementLine.objects.waiting().get() == line


def test_suggestions_are_of_the_same_bank_currency_and_sum(installment: Installment) -> None:
    loan = installment.loan
    elsewhere = Partner.objects.create(code="elsewhere", kind=Partner.Kind.BANK, name="Elsewhere Bank")
    make_installment(make_loan(bank=elsewhere), due_on=DUE)
    make_installment(make_loan(currency="USD"), due_on=DUE)
    make_installment(loan, due_on=DUE, total=Decimal(99))
    later = make_installment(loan, due_on=DUE + timedelta(days=30))
    payment = seen(make_installment(loan, due_on=DUE, state=State.AWAITING_BANK))
    seen(later, 99)
    found = suggestions(make_line(), make_agent())
    assert (found.payments, found.installments) == ([payment], [installment, later])


def test_a_payment_that_another_line_booked_is_not_suggested(installment: Installment) -> None:
    make_line(match=Match.MATCHED, payment=seen(installment))
    assert suggestions(make_line(), make_agent()).payments == []


def test_nobody_decides_about_a_loan_of_their_own(loan: Loan, installment: Installment) -> None:
    line, back = make_line(), make_line()
    found = suggestions(line, loan.borrower)
    assert (found.guesses, found.payments, found.installments) == ([], [], [])
    refused(line, installment, loan.borrower, "a loan of your own")
    StatementLine.objects.filter(pk=line.pk).update(loan=loan)
    with pytest.raises(CannotDecideError, match="a loan of your own"):
        set_aside(line_id=line.pk, reason="a gift", agent=loan.borrower, now=NOW)
    decide(back, installment, make_agent())
    with pytest.raises(CannotDecideError, match="a loan of your own"):
        take_back_decision(back.pk, agent=loan.borrower, now=NOW)
    back.refresh_from_db()
    assert back.match == Match.MATCHED


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_agents_at_once_one_decides() -> None:
    installment, line = make_installment(due_on=DUE), make_line()
    first, second = make_agent(), make_agent()
    results: list[str] = []
    start = Barrier(2)

    def run(action: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=10)
            action()
            results.append("decided")
        except CannotDecideError:
            results.append("refused")
        finally:
            connection.close()

    actions = (
        lambda: decide(line, installment, first),
        lambda: set_aside(line_id=line.pk, reason="a refund", agent=second, now=NOW),
    )
    threads = [Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["decided", "refused"]
    line.refresh_from_db()
    assert (line.payment is not None) == (line.match == Match.MATCHED)
