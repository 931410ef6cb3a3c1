"""What happens in the floor below, and what it makes to be told or taken back."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.tests.factories import make_borrower
from loans import signals
from loans.models import Installment, Payment
from loans.tests.disputes import write_dispute
from loans.tests.factories import make_installment, make_loan
from loans.tests.returns import booked, returned
from loans.tests.returns import send as send_statement
from notifications import tasks
from notifications.models import Delivery, DisputedPrompt, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.states import Status
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db


def make_payment(installment: Installment, status: str) -> Payment:
    return Payment.objects.create(
        loan=installment.loan,
        installment=installment,
        amount=Decimal(100),
        currency="CNY",
        status=status,
        paid_on=TODAY,
    )


def test_a_payment_is_confirmed_once_however_often_it_is_reported() -> None:
    payment = make_payment(make_installment(due_on=TODAY), Payment.Status.SETTLED)
    for _ in range(2):
        signals.payments_settled.send(sender=None, payment_ids=[payment.pk])
    prompt = Prompt.objects.get()
    assert (prompt.kind, prompt.payment, prompt.borrower) == ("payment_settled", payment, payment.loan.borrower)
    assert set(prompt.deliveries.values_list("channel", flat=True)) == {"email", "in_app"}


def test_the_platforms_word_and_the_banks_are_two_confirmations() -> None:
    payment = make_payment(make_installment(due_on=TODAY), Payment.Status.RECEIVED)
    signals.payments_received.send(sender=None, payment_ids=[payment.pk])
    Payment.objects.update(status="settled")
    signals.payments_settled.send(sender=None, payment_ids=[payment.pk])
    assert set(Prompt.objects.values_list("kind", flat=True)) == {"payment_received", "payment_settled"}


def test_a_booking_that_a_statement_takes_back_is_told_once_and_the_installment_is_owed_again() -> None:
    installment = make_installment(make_loan(external_id="LN-17"), due_on=TODAY + timedelta(days=3))
    send_statement(booked("LN-17-1"))
    for number in (2, 3):
        send_statement(returned("LN-17-1"), number=number)
    prompt = Prompt.objects.get(kind="payment_returned")
    assert (prompt.payment, prompt.borrower) == (Payment.objects.get(), installment.loan.borrower)
    installment.refresh_from_db()
    assert (installment.state, installment.outstanding) == ("open", Decimal(100))
    plan_upcoming(clock())
    assert Prompt.objects.filter(kind="upcoming", installment=installment).exists()


def test_a_reopened_installment_is_told_again_at_a_stage_that_was_taken_back_when_it_was_paid() -> None:
    installment = make_installment(make_loan(external_id="LN-17"), due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    send_statement(booked("LN-17-1"))
    assert Prompt.objects.get(kind="upcoming").status == Prompt.Status.CANCELLED
    send_statement(returned("LN-17-1"), number=2)
    plan_upcoming(clock())
    told_again = Prompt.objects.get(kind="upcoming", installment=installment, status=Prompt.Status.ACTIVE)
    assert (told_again.version, told_again.voided_at) == (2, None)


@pytest.mark.parametrize("change", [{"state": "awaiting_bank"}, {"version": 2}, {"state": "withdrawn"}])
def test_a_prompt_about_something_paid_or_changed_is_taken_back(change: dict[str, object]) -> None:
    delivery = make_delivery()
    Installment.objects.update(**change)
    signals.installments_changed.send(sender=None, installment_ids=[delivery.prompt.installment_id])
    delivery.refresh_from_db()
    assert delivery.status == Status.CANCELLED
    assert Prompt.objects.get().status == Prompt.Status.CANCELLED


def test_what_an_agent_sends_again_is_taken_back_too_when_it_is_paid() -> None:
    prompt = make_prompt(status=Prompt.Status.TOLD)
    again = make_delivery(prompt, ordinal=1)
    Installment.objects.update(state="awaiting_bank")
    signals.installments_changed.send(sender=None, installment_ids=[prompt.installment_id])
    again.refresh_from_db()
    prompt.refresh_from_db()
    assert (again.status, prompt.status) == (Status.CANCELLED, Prompt.Status.TOLD)


def test_a_prompt_about_something_unchanged_stays() -> None:
    delivery = make_delivery()
    signals.installments_changed.send(sender=None, installment_ids=[delivery.prompt.installment_id])
    delivery.refresh_from_db()
    assert delivery.status == Status.QUEUED


def test_a_dispute_takes_back_overdue_prompts_confirms_itself_and_names_its_prompt() -> None:
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY - timedelta(days=1))
    plan_overdue(clock())
    overdue = Prompt.objects.get()
    dispute = write_dispute(installment)
    signals.dispute_opened.send(sender=None, dispute_id=dispute.pk, about=f"prompt:{overdue.pk}")
    overdue.refresh_from_db()
    assert overdue.status == Prompt.Status.CANCELLED
    assert set(Delivery.objects.filter(prompt=overdue).values_list("status", flat=True)) == {Status.CANCELLED}
    assert Prompt.objects.filter(kind=Prompt.Kind.DISPUTE_OPENED, dispute=dispute).count() == 1
    assert DisputedPrompt.objects.get().prompt == overdue


@pytest.mark.parametrize("about", ["", "prompt:", "prompt:x", "loan:1", "prompt:999999", "prompt:²"])
def test_a_dispute_about_nothing_that_is_the_borrowers_own_names_no_prompt(about: str) -> None:
    dispute = write_dispute(make_installment(due_on=TODAY))
    signals.dispute_opened.send(sender=None, dispute_id=dispute.pk, about=about)
    assert not DisputedPrompt.objects.exists()


def test_a_dispute_cannot_name_a_strangers_prompt() -> None:
    dispute = write_dispute(make_installment(due_on=TODAY))
    signals.dispute_opened.send(sender=None, dispute_id=dispute.pk, about=f"prompt:{make_prompt().pk}")
    assert not DisputedPrompt.objects.exists()


def test_many_commits_of_an_intake_wake_the_planner_once_and_what_follows_is_planned_within_seconds(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """A wake-up a commit, each of which reads all that is open, would stand before all other sweeps."""
    woken: list[dict[str, int]] = []
    monkeypatch.setattr(tasks.plan, "apply_async", lambda **options: woken.append(options))
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    for _ in range(10):
        with django_capture_on_commit_callbacks(execute=True):
            signals.installments_changed.send(sender=None, installment_ids=[installment.pk])
    assert woken == [{"expires": 60}]
    with time_machine.travel(NOON, tick=False):
        assert tasks.plan_news() == 1
        make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
        assert tasks.plan_news() == 0, "nothing has told of news"
        assert tasks.plan() == 1


def test_a_single_commit_needs_no_second_look(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    monkeypatch.setattr(tasks.plan, "apply_async", lambda **_options: None)
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    with django_capture_on_commit_callbacks(execute=True):
        signals.installments_changed.send(sender=None, installment_ids=[installment.pk])
    with time_machine.travel(NOON, tick=False):
        assert tasks.plan_news() == 0
