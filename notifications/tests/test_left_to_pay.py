"""A message about a payment says what it leaves to be paid."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from loans.models import Difference, Installment, Payment, PaymentPart
from loans.tests.disputes import write_dispute
from loans.tests.factories import make_installment, make_loan
from loans.tests.returns import booked, send
from notifications.models import Prompt
from notifications.rendering import render
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt, word_these
from notifications.wording.facts import Facts

pytestmark = pytest.mark.django_db
DUE = TODAY + timedelta(days=3)


@pytest.fixture
def row() -> Installment:
    """The only installment of a loan of 100."""
    return make_installment(make_loan(external_id="LN-17", principal=Decimal(100)), due_on=DUE)


def see(row: Installment, amount: int) -> Prompt:
    """The platform has seen a payment for it; returns the news of it."""
    fields = {"amount": amount, "currency": "CNY", "status": "received", "paid_on": TODAY, "received_at": NOON}
    payment = Payment.objects.create(loan=row.loan, installment=row, **fields)
    PaymentPart.objects.create(payment=payment, installment=row, amount=Decimal(amount), since=Decimal(amount))
    return make_prompt(row, kind=Prompt.Kind.PAYMENT_RECEIVED, payment=payment)


def said(prompt: Prompt) -> Facts:
    delivery = prompt.deliveries.filter(channel="email").first() or make_delivery(prompt, "email", facts=None)
    [worded], faults = word_these([delivery.pk], now=NOON)
    assert faults == []
    return Facts.from_json(json.loads(worded.kept.facts))


def news_of_booking(amount: str) -> Facts:
    send(booked("LN-17-1", amount=amount))
    return said(Prompt.objects.get(kind=Prompt.Kind.PAYMENT_SETTLED))


def words_of(kind: str, facts: Facts) -> str:
    return render(kind, 0, "email", facts, "https://x.example.test/m/1").text


def test_a_part_that_the_bank_has_booked_leaves_the_rest(row: Installment) -> None:
    facts = news_of_booking("40.00")
    assert (facts.amount, facts.rest, facts.due_on, facts.paid_off) == (Decimal(40), Decimal(60), DUE, "")
    assert "¥60.00 of what is due Wed 25 November is still to be paid" in words_of("payment_settled", facts)


def test_a_part_that_the_platform_has_seen_leaves_what_is_not_on_its_way(row: Installment) -> None:
    first, second = see(row, 40), see(row, 25)
    for prompt in (first, second):
        facts = said(prompt)
        assert (facts.rest, facts.due_on) == (Decimal(35), DUE)
        assert "¥35.00 of what is due" in words_of("payment_received", facts)


def test_where_the_banks_figure_may_hold_some_of_it_already_nobody_says_what_is_left(row: Installment) -> None:
    prompt = see(row, 40)
    PaymentPart.objects.update(since=Decimal(10))
    facts = said(prompt)
    assert (facts.rest, facts.due_on) == (None, None)


def test_where_all_is_on_its_way_nothing_is_left(row: Installment) -> None:
    prompt = see(row, 100)
    Installment.objects.update(state="awaiting_bank")
    facts = said(prompt)
    assert (facts.rest, facts.due_on) == (None, None)
    assert "no reminders for this payment" in words_of("payment_received", facts)


def test_the_last_payment_says_that_the_loan_is_paid_in_full(row: Installment) -> None:
    facts = news_of_booking("100.00")
    assert (facts.rest, facts.paid_off) == (None, "Phone plan ··N-17")
    assert "Phone plan ··N-17 is paid in full" in words_of("payment_settled", facts)


@pytest.mark.parametrize("state", ["open", "awaiting_bank"])
def test_one_that_is_not_the_last_does_not(row: Installment, state: str) -> None:
    make_installment(row.loan, due_on=DUE + timedelta(days=30), state=state)
    assert news_of_booking("100.00").paid_off == ""


def test_what_was_withdrawn_is_not_waited_for(row: Installment) -> None:
    make_installment(row.loan, due_on=DUE + timedelta(days=30), state="withdrawn", principal=Decimal(0))
    assert news_of_booking("100.00").paid_off


def test_a_schedule_that_does_not_pay_back_the_loan_ends_nothing(row: Installment) -> None:
    type(row.loan).objects.update(principal=Decimal("100.01"))
    assert news_of_booking("100.00").paid_off == ""


def test_a_loan_of_which_an_installment_was_waived_as_a_whole_is_not_paid_in_full(row: Installment) -> None:
    make_installment(row.loan, due_on=DUE, state="settled", waived=Decimal(100))
    assert news_of_booking("100.00").paid_off == ""


def test_nothing_is_said_while_the_firms_differ_or_it_is_disputed(row: Installment) -> None:
    send(booked("LN-17-1", amount="100.00"))
    prompt = Prompt.objects.get(kind=Prompt.Kind.PAYMENT_SETTLED)
    Difference.objects.all().update(ended_at=NOON)
    assert said(prompt).paid_off
    firms: dict[str, Any] = {"bank": row.loan.bank, "platform": row.loan.platform, "follower": row.loan.platform}
    differs = Difference.objects.create(installment=row, kind="bank_only", since=NOON, **firms)
    assert said(prompt).paid_off == ""
    Difference.objects.filter(pk=differs.pk).update(ended_at=NOON)
    write_dispute(row)
    assert said(prompt).paid_off == ""


def test_a_rest_that_is_disputed_is_not_asked_for(row: Installment) -> None:
    write_dispute(row)
    facts = news_of_booking("40.00")
    assert (facts.rest, facts.due_on) == (None, None)
