"""Stages that time has passed by."""

from datetime import timedelta

import pytest

from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.overtaking import REASON
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def installment() -> Installment:
    """Due in seven days, its figures known for long."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=7))
    Installment.objects.filter(pk=row.pk).update(known_at=NOON - timedelta(days=30))
    return row


def skipped() -> list[int]:
    return sorted(NoticeEvent.objects.filter(kind="skipped").values_list("data__stage", flat=True))


def test_after_days_of_downtime_only_the_stage_of_the_day_is_told(installment: Installment) -> None:
    plan_upcoming(clock())
    plan_upcoming(clock(NOON + timedelta(days=6)))
    earlier, later = Prompt.objects.order_by("pk")
    assert (earlier.stage, earlier.status, earlier.reason) == (7, "cancelled", REASON)
    assert (later.stage, later.status) == (1, "active")
    assert set(earlier.deliveries.values_list("status", flat=True)) == {"cancelled"}
    assert skipped() == [3, 7]


def test_a_stage_that_reached_its_reader_counts_as_told(installment: Installment) -> None:
    plan_upcoming(clock())
    Delivery.objects.filter(channel="sms").update(status="delivered", delivered_at=NOON, sent_at=NOON)
    plan_upcoming(clock(NOON + timedelta(days=5)))
    assert Prompt.objects.order_by("pk")[0].status == Prompt.Status.TOLD
    assert skipped() == []


def test_one_that_was_handed_over_is_taken_back_and_not_called_skipped(installment: Installment) -> None:
    plan_upcoming(clock())
    Delivery.objects.filter(channel="sms").update(status="sent", sent_at=NOON)
    plan_upcoming(clock(NOON + timedelta(days=5)))
    assert Prompt.objects.order_by("pk")[0].status == Prompt.Status.CANCELLED
    assert NoticeEvent.objects.get(kind="cancelled", delivery_id=None).data["reason"] == REASON
    assert skipped() == []


def test_a_schedule_that_came_late_skipped_nothing(installment: Installment) -> None:
    Installment.objects.update(known_at=NOON + timedelta(days=6) - timedelta(minutes=1))
    plan_upcoming(clock(NOON + timedelta(days=6)))
    assert skipped() == []


def test_an_overdue_stage_ends_the_one_before_it(installment: Installment) -> None:
    Installment.objects.update(due_on=TODAY - timedelta(days=1))
    plan_overdue(clock())
    plan_overdue(clock(NOON + timedelta(days=2)))
    assert [(one.stage, one.status) for one in Prompt.objects.order_by("pk")] == [(1, "cancelled"), (3, "active")]


def test_planning_the_same_again_ends_nothing(installment: Installment) -> None:
    plan_upcoming(clock())
    assert plan_upcoming(clock(NOON + timedelta(hours=1))) == 0
    assert Prompt.objects.get().status == Prompt.Status.ACTIVE
