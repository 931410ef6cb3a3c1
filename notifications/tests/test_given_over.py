"""What was told, tried or left to a person about a loan that turns out to be somebody else's is taken back."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.tests.factories import make_borrower
from loans import signals
from loans.models import Installment, Loan, Payment
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.pushing import about, make_key, told
from notifications import tasks
from notifications.awaiting import bound_waiting
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, Prompt
from notifications.tests.factories import NOON, TODAY, clock
from notifications.tests.test_awaiting import BOUND, make_waiting

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)


def send_back(*, named: bool) -> Prompt:
    """A payment came back, and its borrower is being told; what is planned of it."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=9))
    payment = Payment.objects.create(
        loan=row.loan, installment=row if named else None, amount=Decimal(100), currency="CNY", status="returned",
        paid_on=TODAY,
    )  # fmt: skip
    with time_machine.travel(NOON, tick=False):
        signals.payments_returned.send(sender=None, payment_ids=[payment.pk])
    return Prompt.objects.get()


def give_over(loan: Loan | None) -> None:
    """As the intake does when its bank names another borrower."""
    assert loan
    Loan.objects.filter(pk=loan.pk).update(borrower=make_borrower())
    with time_machine.travel(NOON + 9 * HOUR, tick=False):
        signals.loans_given_over.send(sender=None, loan_ids=[loan.pk])


@pytest.mark.parametrize("named", [True, False])
def test_news_of_a_payment_go_no_longer_to_whom_the_loan_was_taken_from(named: bool) -> None:
    prompt = send_back(named=named)
    give_over(prompt.loan)
    prompt.refresh_from_db()
    assert (prompt.status, prompt.voided_at) == ("cancelled", NOON + 9 * HOUR)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"cancelled"}


def test_nobody_calls_them_about_it_and_what_they_were_told_counts_for_nobody_else() -> None:
    prompt = send_back(named=True)
    while not AgentTask.objects.exists():
        Delivery.objects.update(status="failed")
        Prompt.objects.update(look_again_at=NOON)
        climb(clock())
    give_over(prompt.loan)
    assert (AgentTask.objects.get().status, AgentTask.objects.get().outcome) == ("done", "not_needed")
    assert Prompt.objects.get().voided_at


def test_what_goes_on_for_its_own_borrower_is_left_alone() -> None:
    prompt = send_back(named=True)
    with time_machine.travel(NOON + HOUR, tick=False):
        signals.loans_given_over.send(sender=None, loan_ids=[prompt.loan.pk if prompt.loan else 0])
    prompt.refresh_from_db()
    assert (prompt.status, prompt.voided_at) == ("active", None)


def test_a_task_about_money_that_does_not_come_begins_anew_with_the_other() -> None:
    row = make_waiting()
    bound_waiting(NOON + BOUND)
    give_over(row.loan)
    assert bound_waiting(NOON + BOUND + HOUR) == 1
    assert bound_waiting(NOON + BOUND + 2 * HOUR) == 0
    first, second = AgentTask.objects.order_by("pk")
    assert (first.status, first.outcome) == ("done", "not_needed")
    assert (second.status, second.borrower_id) == ("open", Loan.objects.get().borrower_id)


def test_from_the_banks_first_word_on() -> None:
    """The platform opened the loan for one of its own, and has seen a payment."""
    keys = {firm.code: make_key(firm) for firm in (make_bank(), make_platform())}
    wrong = {"id": "B-1", "name": "Mo", "phone": "+8613900009999"}
    right = {"id": "B-1", "name": "Lin", "phone": "+8613800138000"}
    told("lantern", keys["lantern"], about("loan.opened", loan="LN-1", borrower=wrong, bank="harbour"))
    paid = about("payment.received", loan="LN-1", installment=1, paid_on=str(TODAY), bank="harbour")
    told("lantern", keys["lantern"], paid)
    news = Prompt.objects.get(kind="payment_received")
    told("harbour", keys["harbour"], about("loan.opened", loan="LN-1", borrower=right))
    assert Installment.objects.filter(loan__borrower=news.borrower).count() == 0
    news.refresh_from_db()
    assert news.status == "cancelled"
    assert news.voided_at
