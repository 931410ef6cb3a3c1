"""Nobody is told that a payment is overdue on what is, where they are, still its due day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import placing
from notifications.dispatch import dispatch
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.placing import place
from notifications.planning import plan_overdue
from notifications.putting_off import NOT_LATE_YET
from notifications.signatures import reference_of
from notifications.spoken import answer
from notifications.states import HELD_BY, SAID_NOTHING
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt, word_these
from notifications.tests.providers import Answer, run_provider

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 22, 5, tzinfo=UTC)
"""An hour after noon in Shanghai the 21st is over in New York."""
MORNING = MIDNIGHT + 8 * HOUR
AFTER = MORNING + HOUR


@pytest.fixture(autouse=True)
def _kannel(settings: Settings) -> Iterator[None]:
    settings.CONTACT_HOURS = "08:00-22:00"
    with run_provider(lambda _asked: Answer(202, "0: Accepted for delivery")) as kannel:
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        yield


def late() -> Installment:
    """Due yesterday in Shanghai."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)
    Installment.objects.filter(pk=row.pk).update(known_at=NOON - 60 * DAY)
    return row


def move_to_new_york() -> None:
    User.objects.update(time_zone="America/New_York")


def planned_and_moved() -> None:
    late()
    plan_overdue(clock())
    move_to_new_york()


def sms() -> Delivery:
    return Delivery.objects.get(channel="sms")


def test_a_message_waits_for_the_first_lawful_hour_after_the_due_day_and_costs_no_attempt() -> None:
    planned_and_moved()
    assert dispatch("sms", clock=lambda: NOON) == 0
    assert (sms().status, sms().next_attempt_at, sms().attempts) == ("retrying", MORNING, 0)
    assert sms().held_by == NOT_LATE_YET
    held = NoticeEvent.objects.get(kind=NoticeEvent.Kind.HELD)
    assert held.delivery_id == sms().pk


def test_it_goes_out_when_it_is_late() -> None:
    planned_and_moved()
    dispatch("sms", clock=lambda: NOON)
    dispatch("sms", clock=lambda: AFTER)
    assert sms().status == "sent"


@pytest.mark.parametrize("first", [1, 100])
def test_in_the_portal_it_waits_for_midnight(monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    monkeypatch.setattr(placing, "FIRST", first)
    bank = make_bank()
    for _ in range(4):
        row = make_installment(make_loan(make_borrower(), bank=bank), due_on=TODAY - DAY)
        make_delivery(make_prompt(row, kind=Prompt.Kind.OVERDUE, stage=1), channel="in_app")
    move_to_new_york()
    place(clock=lambda: NOON, longest=60)
    assert set(Delivery.objects.values_list("status", "next_attempt_at")) == {("retrying", MIDNIGHT)}
    place(clock=lambda: MIDNIGHT, longest=60)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent"}


def test_what_is_alike_is_placed_for_those_alone_whose_due_day_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "FIRST", 1)
    bank = make_bank()
    rows = [make_installment(make_loan(make_borrower(), bank=bank), due_on=TODAY - DAY) for _ in range(6)]
    made = [make_delivery(make_prompt(row, kind=Prompt.Kind.OVERDUE, stage=1), channel="in_app") for row in rows]
    User.objects.filter(pk__in=[row.loan.borrower_id for row in rows[1::2]]).update(time_zone="America/New_York")
    place(clock=lambda: NOON, longest=60)
    sent = Delivery.objects.filter(status="sent").order_by("pk")
    assert list(sent) == made[::2]


def test_of_several_that_are_told_together_the_one_that_is_still_owed_says_whether_it_is_late() -> None:
    row = late()
    leading = make_prompt(row, kind=Prompt.Kind.OVERDUE, stage=1)
    make_prompt(late(), kind=Prompt.Kind.OVERDUE, stage=1, told_with=leading)
    Installment.objects.filter(pk=row.pk).update(version=2, due_on=TODAY - 9 * DAY)
    delivery = make_delivery(leading)
    assert len(word_these([delivery.pk], now=NOON)[0]) == 1
    move_to_new_york()
    worded, steps = word_these([delivery.pk], now=NOON)
    assert (worded, [step.held_by for step in steps]) == ([], [NOT_LATE_YET])


def test_its_ladder_stands_still_meanwhile_and_no_person_is_called_for_it() -> None:
    planned_and_moved()
    Prompt.objects.update(look_again_at=NOON - HOUR, deadline=NOON)
    climb(clock())
    prompt = Prompt.objects.get()
    assert (prompt.status, prompt.look_again_at, prompt.deadline) == ("active", MORNING, MORNING + HOUR)
    assert (sms().status, sms().next_attempt_at) == ("queued", MORNING)
    assert not AgentTask.objects.exists()


def test_afterwards_the_ladder_climbs_on() -> None:
    planned_and_moved()
    Prompt.objects.update(look_again_at=NOON, deadline=NOON)
    climb(clock())
    climb(clock(MORNING))
    assert Prompt.objects.get().status == "escalated"


def test_a_call_that_is_answered_on_the_due_day_says_nothing() -> None:
    row = make_prompt(late(), kind=Prompt.Kind.OVERDUE, stage=1)
    call = make_delivery(row, channel="voice", status="sent", sent_at=NOON, attempts=1, wording="1")
    move_to_new_york()
    assert answer(reference_of(call.pk), now=MIDNIGHT - 8 * HOUR) is None
    call.refresh_from_db()
    assert (call.status, call.reason) == ("failed", f"{SAID_NOTHING}{HELD_BY}{NOT_LATE_YET}")


def test_what_was_told_before_the_due_day_is_held_by_no_such_day() -> None:
    delivery = make_delivery(make_prompt(late(), stage=0))
    move_to_new_york()
    assert len(word_these([delivery.pk], now=MIDNIGHT - 2 * HOUR)[0]) == 1


def test_where_it_is_late_nothing_more_is_asked() -> None:
    rows = [make_delivery(make_prompt(late(), kind=Prompt.Kind.OVERDUE, stage=1)).pk for _ in range(3)]
    with CaptureQueriesContext(connection) as ran:
        assert len(word_these(rows, now=NOON)[0]) == 3
    assert not any("notifications_leadplan" in one["sql"] for one in ran)
