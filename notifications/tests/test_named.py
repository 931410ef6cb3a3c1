"""What a message named is read from what was kept of it, whatever the rows say now."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from loans.models import Installment
from notifications.models import Delivery, Prompt
from notifications.named import Named, named, tells_of
from notifications.planning import plan_upcoming
from notifications.tests.bundles import deliver, make_pair, settle
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
DUE = date(2026, 11, 25)


def test_a_message_for_several_named_each_with_its_own_amount() -> None:
    first, second = make_pair()
    plan_upcoming(clock())
    said = named(deliver("sms"))
    assert said == {first.pk: Named(Decimal(100), DUE), second.pk: Named(Decimal(250), DUE)}


def test_what_was_paid_when_it_was_worded_was_not_named() -> None:
    paid, asked = make_pair()
    plan_upcoming(clock())
    settle(paid)
    sms = deliver("sms")
    assert set(named(sms)) == {asked.pk}
    leading, companion = Prompt.objects.order_by("pk")
    assert (tells_of(sms, leading), tells_of(sms, companion)) == (False, True)


def test_what_changed_since_does_not_change_what_was_named() -> None:
    delivery = make_delivery(status=Delivery.Status.DELIVERED)
    Installment.objects.update(version=2, total=900, outstanding=900, due_on=DUE - timedelta(days=5))
    delivery = Delivery.objects.select_related("prompt__installment").get()
    assert list(named(delivery).values()) == [Named(Decimal(100), DUE)]


def test_what_was_never_worded_named_nothing_and_may_still_tell() -> None:
    first, _second = make_pair()
    plan_upcoming(clock())
    sms = Delivery.objects.select_related("prompt").get(channel="sms")
    assert named(sms) == {}
    assert all(tells_of(sms, prompt) for prompt in Prompt.objects.all())
    settle(first)
    assert [tells_of(sms, prompt) for prompt in Prompt.objects.order_by("pk")] == [False, True]


def test_news_of_a_payment_named_no_figures_of_an_installment() -> None:
    told = make_delivery(make_prompt(kind=Prompt.Kind.PAYMENT_SETTLED), status=Delivery.Status.DELIVERED)
    assert named(told) == {}
    assert tells_of(told, told.prompt)


@pytest.mark.parametrize(("minutes", "own"), [(-1, False), (1, True)])
def test_a_message_without_items_named_its_own_unless_that_was_void_by_then(minutes: int, own: bool) -> None:
    voided_at = NOON + timedelta(minutes=minutes)
    delivery = make_delivery(make_prompt(voided_at=voided_at), handed_at=NOON, sent_at=NOON)
    assert bool(named(delivery)) == own
