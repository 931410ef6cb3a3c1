"""Installments that fall due together are one message that names each of them."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pgtrigger
import pytest

from accounts.tests.factories import make_borrower
from loans import signals
from loans.intake.likely import TOO_MUCH
from loans.models import Installment, Partner, Report, StatementLine
from loans.tests.disputes import write_dispute
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.acknowledgement import acknowledge
from notifications.cancellation import cancel_settled
from notifications.escalation import climb
from notifications.models import Acknowledgement, AgentTask, Delivery, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.bundles import hold_by_outage
from notifications.tests.factories import NOON, TODAY, claim, clock, word_these
from notifications.wording.facts import Facts

pytestmark = pytest.mark.django_db
DUE = TODAY + timedelta(days=3)


@pytest.fixture
def pair() -> tuple[Installment, Installment]:
    """Two loans of one borrower and one bank, due on one day: 100 and 250, planned."""
    borrower, bank = make_borrower(), make_bank()
    first = make_installment(make_loan(borrower, bank=bank), due_on=DUE)
    second = make_installment(make_loan(borrower, bank=bank), due_on=DUE, total=250)
    plan_upcoming(clock())
    return first, second


def settle(row: Installment) -> None:
    Installment.objects.filter(pk=row.pk).update(state="settled", paid=row.total, outstanding=0)
    cancel_settled([row.pk], now=NOON)


def message_facts() -> Facts:
    delivery = Delivery.objects.get(channel="sms")
    worded, faults = word_these([delivery.pk], now=NOON)
    assert faults == []
    Delivery.objects.filter(pk=delivery.pk).update(
        facts=json.loads(worded[0].kept.facts), wording=worded[0].kept.wording, status="delivered", delivered_at=NOON
    )
    return Facts.from_json(json.loads(worded[0].kept.facts))


def test_one_leads_and_has_the_message(pair: tuple[Installment, Installment]) -> None:
    leading, companion = Prompt.objects.order_by("pk")
    assert (leading.told_with, companion.told_with) == (None, leading)
    assert set(Delivery.objects.values_list("prompt", flat=True)) == {leading.pk}
    assert NoticeEvent.objects.filter(kind="planned").count() == 2


def test_the_message_names_each_and_asks_for_their_sum(pair: tuple[Installment, Installment]) -> None:
    facts = message_facts()
    assert facts.amount == Decimal(350)
    assert [(item.amount, item.installment_id) for item in facts.items] == [
        (Decimal(100), pair[0].pk),
        (Decimal(250), pair[1].pk),
    ]


def test_one_that_is_paid_before_the_message_goes_out_is_left_out(pair: tuple[Installment, Installment]) -> None:
    settle(pair[0])
    facts = message_facts()
    assert (facts.amount, facts.due_on) == (Decimal(250), DUE)
    assert [(item.amount, item.installment_id) for item in facts.items] == [(Decimal(250), pair[1].pk)]
    assert claim("in_app")


def book_what_cannot_be_true(row: Installment) -> None:
    report = Report.objects.create(partner=row.loan.bank, kind="statement", content=b"", received_at=NOON)
    line = {"side": "credit", "amount": 9000, "currency": "CNY", "match": "unmatched", "why": TOO_MUCH.reason}
    StatementLine.objects.create(report=report, loan=row.loan, **line)


@pytest.mark.parametrize("hold", [write_dispute, hold_by_outage, book_what_cannot_be_true])
@pytest.mark.parametrize("held", [0, 1], ids=["the one that leads", "its companion"])
def test_one_that_is_held_is_not_demanded_with_the_other(hold: Callable[[Installment], None], held: int) -> None:
    borrower, bank = make_borrower(), make_bank()
    day = TODAY - timedelta(days=1)
    rows = [make_installment(make_loan(borrower, bank=bank), due_on=day, total=total) for total in (100, 250)]
    plan_overdue(clock())
    hold(rows[held])
    facts = message_facts()
    free = rows[1 - held]
    assert (facts.amount, [item.installment_id for item in facts.items]) == (free.total, [free.pk])
    assert claim("in_app")


def test_when_both_are_paid_nothing_goes_out(pair: tuple[Installment, Installment]) -> None:
    settle(pair[1])
    settle(pair[0])
    assert set(Prompt.objects.values_list("status", flat=True)) == {"cancelled"}
    assert set(Delivery.objects.values_list("status", flat=True)) == {"cancelled"}
    assert claim("sms") == []


def test_paid_a_second_ago_the_message_still_goes_out_for_the_other(pair: tuple[Installment, Installment]) -> None:
    Installment.objects.filter(pk=pair[0].pk).update(state="awaiting_bank")
    assert len(claim("sms")) == 1


def test_i_know_answers_each_with_the_amount_that_was_named_for_it(pair: tuple[Installment, Installment]) -> None:
    message_facts()
    leading = Prompt.objects.get(told_with=None)
    delivery = leading.deliveries.get(channel="sms")
    acknowledge(prompt_id=leading.pk, method="link", delivery_id=delivery.pk, now=NOON)
    amounts = dict(Acknowledgement.objects.values_list("prompt__installment", "amount"))
    assert amounts == {pair[0].pk: Decimal(100), pair[1].pk: Decimal(250)}
    assert set(Prompt.objects.values_list("status", flat=True)) == {"acknowledged"}


def test_one_that_reached_nobody_is_one_task_and_both_are_with_a_person(pair: tuple[Installment, Installment]) -> None:
    with pgtrigger.ignore():
        Delivery.objects.all().delete()
    Prompt.objects.update(look_again_at=NOON, deadline=NOON)
    climb(clock())
    assert AgentTask.objects.count() == 1
    assert set(Prompt.objects.values_list("status", flat=True)) == {"escalated"}


def test_different_days_or_banks_are_told_apart() -> None:
    borrower, bank = make_borrower(), make_bank()
    make_installment(make_loan(borrower, bank=bank), due_on=DUE)
    make_installment(make_loan(borrower, bank=bank), due_on=DUE + timedelta(days=1))
    other = Partner.objects.create(code="river", kind=Partner.Kind.BANK, name="River Bank")
    make_installment(make_loan(borrower, bank=other), due_on=DUE)
    plan_upcoming(clock())
    assert Prompt.objects.filter(told_with=None).count() == 3


def test_a_payment_that_settles_one_tells_so_and_keeps_the_others_message(
    pair: tuple[Installment, Installment],
) -> None:
    Installment.objects.filter(pk=pair[1].pk).update(state="settled", paid=250, outstanding=0)
    signals.installments_changed.send(sender=None, installment_ids=[pair[1].pk])
    leading, companion = Prompt.objects.order_by("pk")
    assert (leading.status, companion.status) == ("active", "cancelled")
    assert leading.deliveries.filter(status="queued").count() == 2
