"""A firm whose turn it is hears at once that it need not send any more."""

import pytest

from loans.models import Installment, OutwardEvent
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank
from loans.tests.outward import hear as hear_events
from notifications.acknowledgement import acknowledge
from notifications.cancellation import cancel_disputed, cancel_held, cancel_settled
from notifications.models import Delivery, Duty, Prompt
from notifications.placing import place
from notifications.planning import plan_overdue
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, clock
from notifications.tests.firms import HOUR, due_in, duty_of, make_rule, planned, report

pytestmark = pytest.mark.django_db
SOON = NOON + HOUR


@pytest.fixture(autouse=True)
def _rule() -> None:
    make_rule(hours=2, backup="platform", backup_hours=3)
    hear_events(make_bank())


def told() -> list[tuple[int, str]]:
    events = OutwardEvent.objects.filter(kind="prompt.withdrawn").order_by("pk")
    return [(event.data["prompt"], event.data["why"]) for event in events]


def overdue() -> Prompt:
    due_in(-1)
    assert plan_overdue(clock()) == 1
    return Prompt.objects.get()


@pytest.mark.parametrize("state", ["awaiting_bank", "withdrawn"])
def test_what_is_paid_or_taken_off_is_not_demanded_by_a_firm(state: str) -> None:
    prompt = planned()
    Installment.objects.update(state=state)
    cancel_settled([prompt.installment_id or 0], now=SOON)
    assert told() == [(prompt.pk, "not_needed")]
    assert (duty_of(prompt).status, duty_of(prompt).settled_at) == (Duty.Status.VOID, SOON)
    assert report(prompt.installment, at=SOON, proof="delivered")[0] == "kept"  # type: ignore[arg-type]


def test_what_is_disputed_is_not_demanded_by_a_firm() -> None:
    prompt = overdue()
    cancel_disputed(make_dispute(prompt.loan, installment=prompt.installment).pk, now=SOON)
    assert told() == [(prompt.pk, "disputed")]


def test_what_cannot_be_paid_is_not_demanded_by_a_firm() -> None:
    prompt = overdue()
    cancel_held([prompt.installment_id or 0], now=SOON)
    assert told() == [(prompt.pk, "outage")]


def test_what_its_borrower_has_answered_need_not_be_told_by_a_firm() -> None:
    prompt = planned()
    Delivery.objects.filter(channel="in_app").update(next_attempt_at=NOON)
    assert place(clock=lambda: NOON, longest=5) == 1
    acknowledge(prompt_id=prompt.pk, method="in_app", delivery_id=None, now=SOON)
    assert told() == [(prompt.pk, "acknowledged")]


def test_in_its_turn_the_other_firm_is_let_off() -> None:
    prompt = planned()
    take_over(NOON + 2 * HOUR)
    Installment.objects.update(state="withdrawn")
    cancel_settled([prompt.installment_id or 0], now=NOON + 3 * HOUR)
    assert told() == [(prompt.pk, "not_needed")]
    assert OutwardEvent.objects.get(kind="prompt.withdrawn").data["responsible"] == "lantern"


def test_who_has_told_it_or_whose_time_is_over_hears_nothing_more() -> None:
    prompt = planned()
    take_over(NOON + 2 * HOUR)
    take_over(NOON + 5 * HOUR)
    Installment.objects.update(state="withdrawn")
    cancel_settled([prompt.installment_id or 0], now=NOON + 6 * HOUR)
    assert (told(), duty_of(prompt).status) == ([], Duty.Status.TAKEN_OVER)


def test_what_ended_while_a_firms_word_was_being_heard_is_said_when_its_time_is_over() -> None:
    prompt = planned()
    Prompt.objects.update(status=Prompt.Status.CANCELLED)
    assert told() == []
    take_over(NOON + 2 * HOUR)
    assert (told(), duty_of(prompt).status) == ([(prompt.pk, "not_needed")], Duty.Status.VOID)
