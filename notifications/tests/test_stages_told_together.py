"""Installments that fall due together are one message, whatever stage each of their loans has reached by its leads."""

from datetime import timedelta
from itertools import permutations

import pytest

from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.coverage import check_coverage
from notifications.models import Delivery, Duty, LeadPlan, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.bundles import deliver, facts_of
from notifications.tests.factories import NOON, TODAY, clock
from notifications.tests.firms import make_rule
from notifications.tests.test_duties_of_several import AT_FOUR

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PRODUCTS = ("", "Sofa", "Lamp")


def make_three(products: tuple[str, ...] = PRODUCTS, *, days: int = 5) -> dict[str, Installment]:
    """By product, three loans of one borrower: the usual leads, a sofa told at 10, 5, 0, a lamp at 5, 0."""
    for product, upcoming, overdue in (("Sofa", "10,5,0", "2,7"), ("Lamp", "5,0", "1,5")):
        LeadPlan.objects.create(partner=make_bank(), product=product, upcoming=upcoming, overdue=overdue)
    borrower, known = make_borrower(), NOON - timedelta(minutes=1)
    rows = {}
    for product in products:
        loan = make_loan(borrower, bank=make_bank(), product=product)
        rows[product] = make_installment(loan, due_on=TODAY + days * DAY)
    Installment.objects.update(known_at=known)
    return rows


def stages() -> dict[str, int]:
    return dict(Prompt.objects.values_list("installment__loan__product", "stage"))


def leading() -> Prompt:
    return Prompt.objects.get(told_with=None)


@pytest.mark.parametrize("products", list(permutations(PRODUCTS)))
def test_three_with_different_leads_are_one_message_in_the_words_of_the_latest_stage(products: tuple[str, ...]) -> None:
    make_three(products)
    assert plan_upcoming(clock()) == 3
    assert stages() == {"": 7, "Sofa": 5, "Lamp": 5}
    assert leading() == Prompt.objects.earliest("pk")
    assert leading().stage == 5
    assert Delivery.objects.filter(channel="sms").count() == 1
    facts = facts_of(deliver("sms"))
    assert len(facts.items) == 3
    assert facts.amount == sum(row.outstanding for row in Installment.objects.all())
    assert check_coverage(clock(NOON + timedelta(minutes=20))) == 0


def test_overdue_ones_are_one_message_too() -> None:
    make_three(days=-5)
    assert plan_overdue(clock()) == 3
    assert stages() == {"": 3, "Sofa": 2, "Lamp": 5}
    assert leading().stage == 5
    assert Delivery.objects.filter(channel="sms").count() == 1


def test_each_ends_when_its_own_next_stage_is_planned() -> None:
    rows = make_three()
    plan_upcoming(clock())
    plan_upcoming(clock(NOON + 2 * DAY))
    usual = Prompt.objects.filter(installment=rows[""])
    assert list(usual.order_by("pk").values_list("stage", "voided_at")) == [(7, NOON + 2 * DAY), (3, None)]
    others = Prompt.objects.exclude(installment=rows[""])
    assert set(others.values_list("stage", "voided_at", "status")) == {(5, None, "active")}
    Delivery.objects.filter(channel="sms", prompt__in=usual).update(channel="voice")
    assert {item.installment_id for item in facts_of(deliver("sms")).items} == {rows["Sofa"].pk, rows["Lamp"].pk}


def test_on_the_due_day_they_are_one_message_again() -> None:
    make_three()
    plan_upcoming(clock())
    plan_upcoming(clock(NOON + 5 * DAY))
    assert Prompt.objects.filter(stage=0).count() == 3
    assert Prompt.objects.filter(stage=0, told_with=None).count() == 1
    assert set(Prompt.objects.exclude(stage=0).values_list("status", flat=True)) == {Prompt.Status.CANCELLED}


def test_what_one_firm_has_to_send_is_held_together() -> None:
    make_rule()
    make_three()
    assert plan_upcoming(clock()) == 3
    assert Duty.objects.filter(prompt__told_with=None).count() == 1
    assert (leading().stage, leading().tell_at) == (5, AT_FOUR)
