"""Of changed figures told together one waits, since a firm has seen the money: it is told when that comes back, also
where it led the message by which the others were told.
"""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import time_machine

from loans import signals
from loans.models import Installment
from notifications import tasks
from notifications.clock import Clock
from notifications.ending_told import end_told
from notifications.escalation import climb
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.tests.bundles import make_pair
from notifications.tests.factories import NOON, TODAY, clock
from notifications.tests.firms import named_on
from notifications.tests.test_withdrawn import news, told

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOON + HOUR


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> list[Installment]:
    """Both were told, and are moved to one other day: one mail for both is to go out in an hour, which the first
    leads.
    """
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)
    rows = make_pair(due_on=TODAY + timedelta(days=25))
    for row in rows:
        told(row)
    become(rows, version=2, due_on=TODAY + timedelta(days=40))
    Delivery.objects.filter(prompt__kind="schedule_changed").update(next_attempt_at=LATER)
    leads, companion = news()
    assert (companion.told_with, leads.installment) == (leads, rows[0])
    return rows


def become(rows: Sequence[Installment], **figures: object) -> None:
    with time_machine.travel(NOON, tick=False):
        Installment.objects.filter(pk__in=[row.pk for row in rows]).update(**figures)
        signals.installments_changed.send(sender=None, installment_ids=[row.pk for row in rows])


def about(row: Installment) -> Prompt:
    return Prompt.objects.get(kind="schedule_changed", installment=row)


def arrives(row: Installment, status: str = "delivered") -> None:
    """What became of the mail about this one."""
    mail = Delivery.objects.exclude(channel="in_app").filter(prompt=about(row))
    delivered_at = LATER if status == "delivered" else None
    mail.update(status=status, sent_at=LATER, handed_at=LATER, attempts=1, delivered_at=delivered_at)


def look(hours: float) -> None:
    """What the ladders do so long after NOON."""
    climb(Clock.at(NOON + timedelta(hours=hours)))


def test_the_one_that_led_is_told_once_its_money_has_come_back(pair: list[Installment]) -> None:
    become(pair[:1], state="awaiting_bank")
    assert named_on("email", LATER) == {pair[1].pk}
    arrives(pair[1])
    end_told([about(pair[1]).pk], now=LATER)
    Prompt.objects.filter(pk=about(pair[0]).pk).update(look_again_at=LATER)
    look(1)
    assert (about(pair[0]).status, about(pair[1]).status) == ("active", "told")
    become(pair[:1], state="open")
    assert named_on("email", NOON + 3 * HOUR) == {pair[0].pk}


def test_the_others_have_a_message_of_their_own_in_the_portal_too(pair: list[Installment]) -> None:
    become(pair[:1], state="awaiting_bank")
    queued = Delivery.objects.filter(status="queued", prompt__kind="schedule_changed")
    for row in pair:
        assert set(queued.filter(prompt=about(row)).values_list("channel", "next_attempt_at")) == {
            ("email", LATER),
            ("in_app", LATER),
        }
    moved = NoticeEvent.objects.filter(kind="moved").values_list("data__why", flat=True)
    assert set(moved) == {"a firm has seen the money for one that was told with it"}


def test_nothing_is_parted_while_all_of_them_wait_and_then_the_one_that_is_owed_leads(
    pair: list[Installment],
) -> None:
    become(pair, state="awaiting_bank")
    assert about(pair[1]).told_with == about(pair[0])
    become(pair[1:], state="open")
    assert about(pair[1]).told_with is None
    assert named_on("email", LATER) == {pair[1].pk}


def test_who_comes_to_lead_is_one_that_is_owed(pair: list[Installment]) -> None:
    """A third was told with them, and comes first of those that do not wait."""
    [third] = make_pair(pair[0].loan.borrower, due_on=TODAY + timedelta(days=40))[1:]
    prompt = Prompt.objects.create(
        borrower=third.loan.borrower, installment=third, kind="schedule_changed", version=third.version,
        told_with=about(pair[0]), planned_at=NOON, tell_at=NOON, look_again_at=LATER,
    )  # fmt: skip
    become(pair, state="awaiting_bank")
    prompt.refresh_from_db()
    assert (prompt.told_with, about(pair[1]).told_with) == (None, prompt)


def test_a_message_that_is_on_its_way_has_named_it_and_parts_nothing(pair: list[Installment]) -> None:
    arrives(pair[0], status="sent")
    become(pair[:1], state="awaiting_bank")
    assert about(pair[1]).told_with == about(pair[0])


def test_where_that_does_not_arrive_the_next_one_is_told_apart(pair: list[Installment]) -> None:
    arrives(pair[0], status="sent")
    become(pair[:1], state="awaiting_bank")
    arrives(pair[0], status="failed")
    Prompt.objects.filter(kind="schedule_changed").update(look_again_at=LATER)
    look(1)
    assert about(pair[1]).told_with is None
    look(1)
    assert named_on("sms", LATER) == {pair[1].pk}
    assert about(pair[0]).status == "active"


def test_one_that_is_to_be_tried_again_is_worded_anew_without_it(pair: list[Installment]) -> None:
    arrives(pair[0], status="retrying")
    become(pair[:1], state="awaiting_bank")
    assert about(pair[1]).told_with is None
    assert named_on("email", LATER) == {pair[1].pk}


def test_one_that_has_just_gone_out_parts_nothing_when_another_of_its_ladder_fails(pair: list[Installment]) -> None:
    arrives(pair[0], status="sent")
    become(pair[:1], state="awaiting_bank")
    Prompt.objects.filter(kind="schedule_changed").update(look_again_at=LATER)
    look(1.1)
    assert about(pair[1]).told_with == about(pair[0])


def test_reminders_are_not_parted_a_later_stage_tells_them() -> None:
    rows = make_pair()
    plan_upcoming(clock())
    become(rows[:1], state="awaiting_bank")
    leads, companion = Prompt.objects.order_by("pk")
    assert companion.told_with == leads


def test_it_is_taken_back_alone_once_the_bank_has_the_money(pair: list[Installment]) -> None:
    become(pair[:1], state="awaiting_bank")
    become(pair[:1], state="settled", paid=100, outstanding=0)
    assert (about(pair[0]).status, about(pair[1]).status) == ("cancelled", "active")
    assert named_on("email", LATER) == {pair[1].pk}
