"""Who says "I know" to a message answers for what it named, and for nothing else."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from loans.models import Installment, OutwardEvent
from loans.tests.factories import make_bank
from loans.tests.outward import hear
from notifications.acknowledgement import LINK_LIVES, acknowledge
from notifications.coverage import GRACE, check_coverage
from notifications.escalation import climb
from notifications.models import Acknowledgement, Delivery, NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.signatures import link_token
from notifications.tests.bundles import DUE, deliver, facts_of, make_pair, settle, statuses
from notifications.tests.factories import NOON, clock
from notifications.tests.pages import sign_in, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
LATER = NOON + timedelta(hours=30)


@pytest.fixture
def pair(borrower: User) -> list[Installment]:
    """100, whose prompt leads, and 250; planned."""
    rows = make_pair(borrower)
    plan_upcoming(clock())
    return rows


def know(delivery: Delivery) -> Acknowledgement:
    return acknowledge(prompt_id=delivery.prompt_id, method="link", delivery_id=delivery.pk, now=NOON)


def known() -> dict[Any, Decimal]:
    """The amount that was acknowledged, by installment."""
    return dict(Acknowledgement.objects.values_list("prompt__installment", "amount"))


def link(delivery: Delivery) -> str:
    return reverse("acknowledge_link", args=[link_token(delivery.pk, NOON + LINK_LIVES)])


def test_what_was_paid_before_the_message_went_out_is_not_answered_for(pair: list[Installment]) -> None:
    settle(pair[0])
    made = know(deliver("sms"))
    assert (made.prompt.installment_id, made.amount, made.due_on) == (pair[1].pk, Decimal(250), DUE)
    assert known() == {pair[1].pk: Decimal(250)}
    assert statuses() == {pair[0].pk: "cancelled", pair[1].pk: "acknowledged"}
    assert NoticeEvent.objects.get(kind="acknowledged").installment_id == pair[1].pk


def test_the_partner_is_told_of_the_one_that_was_named(pair: list[Installment]) -> None:
    hear(make_bank())
    settle(pair[0])
    know(deliver("sms"))
    told = OutwardEvent.objects.get(kind="prompt.acknowledged")
    prompt = Prompt.objects.get(installment=pair[1])
    assert (told.subject, told.data["amount"]) == (f"prompt:{prompt.pk}", "250.000")


def test_nothing_of_an_answered_message_stays_behind(pair: list[Installment]) -> None:
    settle(pair[0])
    know(deliver("sms"))
    assert set(Delivery.objects.values_list("channel", "status")) == {("sms", "delivered"), ("in_app", "cancelled")}
    assert climb(clock(LATER)) == 0
    Installment.objects.update(known_at=LATER - 2 * GRACE)
    assert check_coverage(clock(LATER)) == 0


def test_a_companion_that_was_paid_is_not_answered_for_either(pair: list[Installment]) -> None:
    settle(pair[1])
    know(deliver("sms"))
    assert known() == {pair[0].pk: Decimal(100)}
    assert statuses() == {pair[0].pk: "acknowledged", pair[1].pk: "cancelled"}


def test_what_was_paid_after_the_message_named_it_is_answered_for(pair: list[Installment]) -> None:
    delivery = deliver("sms")
    settle(pair[0])
    know(delivery)
    assert known() == {pair[0].pk: Decimal(100), pair[1].pk: Decimal(250)}


def test_said_twice_the_first_answer_stands(pair: list[Installment]) -> None:
    settle(pair[0])
    delivery = deliver("sms")
    assert know(delivery) == know(delivery)
    assert NoticeEvent.objects.filter(kind="acknowledged").count() == 1


def test_a_message_that_names_more_than_was_answered_adds_the_rest(pair: list[Installment]) -> None:
    both = deliver("in_app")
    settle(pair[0])
    know(deliver("sms"))
    know(both)
    assert known() == {pair[0].pk: Decimal(100), pair[1].pk: Decimal(250)}
    assert NoticeEvent.objects.filter(kind="acknowledged").count() == 2


def test_facts_that_were_kept_without_items_are_read_by_what_was_void_by_then(pair: list[Installment]) -> None:
    settle(pair[0])
    delivery = deliver("sms")
    assert delivery.facts
    delivery.facts.pop("items")
    delivery.save()
    know(delivery)
    assert known() == {pair[1].pk: Decimal(250)}


def test_the_words_are_those_about_a_single_payment(pair: list[Installment]) -> None:
    settle(pair[0])
    delivery = deliver("sms")
    facts = facts_of(delivery)
    assert facts.payment_reference == pair[1].payment_reference
    assert "in all" not in words(Client().get(link(delivery)))


def test_the_page_behind_the_link_thanks_and_asks_no_more(pair: list[Installment]) -> None:
    settle(pair[0])
    delivery = deliver("sms")
    assert "I know" in words(Client().get(link(delivery)))
    Client().post(link(delivery))
    shown = words(Client().get(link(delivery)))
    assert "You told us on Sun 22 November" in shown
    assert "I know" not in shown


def test_the_pages_of_the_borrower_ask_no_more(pair: list[Installment], borrower: User) -> None:
    settle(pair[0])
    delivery = deliver("in_app")
    page, message = sign_in(borrower), reverse("message", args=[delivery.prompt_id])
    assert "I know" in words(page.get(message))
    assert "I know" in words(page.get(reverse("home")))
    know(delivery)
    assert "You told us on Sun 22 November" in words(page.get(message))
    assert "I know" not in words(page.get(message))
    assert "I know" not in words(page.get(reverse("home")))


def test_the_first_page_asks_no_more_where_the_leader_was_told_before_it_was_paid(
    pair: list[Installment], borrower: User
) -> None:
    Prompt.objects.update(status=Prompt.Status.TOLD)
    settle(pair[0])
    delivery = deliver("in_app")
    know(delivery)
    assert statuses() == {pair[0].pk: "told", pair[1].pk: "acknowledged"}
    assert "I know" not in words(sign_in(borrower).get(reverse("home")))
