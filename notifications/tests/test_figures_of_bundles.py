"""Of an installment that was told together with others, a message about changed figures says its own earlier ones."""

import json
from decimal import Decimal

import pytest

from loans.models import Installment
from notifications.models import Delivery, Prompt
from notifications.planning import plan_upcoming
from notifications.rendering import render
from notifications.tests.bundles import DUE, deliver, make_pair, settle
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt, word_these
from notifications.wording.facts import Facts

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> list[Installment]:
    """100, whose prompt leads, and 250; planned."""
    rows = make_pair()
    plan_upcoming(clock())
    return rows


def change(row: Installment, amount: int | None = None) -> Prompt:
    """The bank makes it cost ten more, or `amount`, and it is to be told anew."""
    total = row.total + 10 if amount is None else Decimal(amount)
    Installment.objects.filter(pk=row.pk).update(state="open", paid=0, total=total, outstanding=total, version=2)
    row.refresh_from_db()
    return make_prompt(row, version=2)


def words_of(facts: Facts) -> str:
    return render("upcoming", 3, "email", facts, "https://x.example.test/k/1").text


def said(prompt: Prompt) -> Facts:
    [worded], faults = word_these([make_delivery(prompt, "email", facts=None).pk], now=NOON)
    assert faults == []
    return Facts.from_json(json.loads(worded.kept.facts))


def test_the_figures_of_another_are_not_its_earlier_ones(pair: list[Installment]) -> None:
    settle(pair[0])
    deliver("sms")
    assert said(change(pair[0])).previous_amount is None


def test_those_of_a_message_that_named_it_alone_are(pair: list[Installment]) -> None:
    settle(pair[1])
    deliver("sms")
    assert said(change(pair[0])).previous_amount == Decimal(100)


def test_those_that_it_had_in_a_message_for_several_are(pair: list[Installment]) -> None:
    deliver("sms")
    facts = said(change(pair[1]))
    assert (facts.previous_amount, facts.previous_due_on) == (Decimal(250), DUE)
    assert "takes the place of what we told you before: ¥250.00, due Wed 25 November" in words_of(facts)


def test_those_of_several_that_are_told_together_anew_stand_beside_each(pair: list[Installment]) -> None:
    deliver("sms")
    leading, companion = change(pair[0]), change(pair[1], 250)
    Prompt.objects.filter(pk=companion.pk).update(told_with=leading)
    facts = said(leading)
    assert [item.previous_amount for item in facts.items] == [Decimal(100), None]
    assert facts.items[0].previous_due_on == DUE
    assert Facts.from_json(facts.as_json()) == facts
    assert "¥110.00 (reference" in words_of(facts)
    assert "; we told you before: ¥100.00, due Wed 25 November" in words_of(facts)


def test_what_is_asked_again_unchanged_takes_the_place_of_nothing(pair: list[Installment]) -> None:
    deliver("sms")
    assert said(change(pair[0], 100)).previous_amount is None


def test_those_of_one_that_was_paid_are_not_said_of_the_one_that_is_left(pair: list[Installment]) -> None:
    settle(pair[1])
    deliver("sms")
    leading, companion = change(pair[0]), change(pair[1])
    Prompt.objects.filter(pk=companion.pk).update(told_with=leading)
    items = said(leading).items
    assert [(item.installment_id, item.previous_amount) for item in items] == [
        (pair[0].pk, Decimal(100)),
        (pair[1].pk, None),
    ]
    leading.deliveries.update(channel="voice")
    Installment.objects.filter(pk=pair[0].pk).update(state="settled", paid=110, outstanding=0)
    left = said(leading)
    assert [item.installment_id for item in left.items] == [pair[1].pk]
    assert left.previous_amount is None


def test_one_whose_earlier_facts_cannot_be_read_keeps_no_other_waiting(pair: list[Installment]) -> None:
    """Each of them is worded, without what was told of it before."""
    deliver("sms")
    Delivery.objects.filter(channel="sms").update(facts={"amount": "100", "due_on": "2026-11-25"})
    changed = [make_delivery(change(row), "email", facts=None).pk for row in pair]
    worded, faults = word_these(changed, now=NOON)
    assert (len(worded), faults) == (2, [])
