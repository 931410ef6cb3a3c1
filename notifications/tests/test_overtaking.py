"""Stages that time has passed by."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.passed_by import OVERTAKEN
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


def missed() -> list[tuple[str, int]]:
    """Those without a prompt."""
    found = NoticeEvent.objects.filter(kind="skipped", data__has_key="kind")
    return sorted(found.values_list("data__kind", "data__stage"))


def test_after_days_of_downtime_only_the_stage_of_the_day_is_told(installment: Installment) -> None:
    plan_upcoming(clock())
    plan_upcoming(clock(NOON + timedelta(days=6)))
    earlier, later = Prompt.objects.order_by("pk")
    assert (earlier.stage, earlier.status, earlier.reason) == (7, "cancelled", OVERTAKEN)
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
    assert NoticeEvent.objects.get(kind="cancelled", delivery_id=None).data["reason"] == OVERTAKEN
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


class TestNeverPlanned:
    """Nothing ran when it was time for it."""

    def test_is_on_record_once_however_many_stages_follow(self, installment: Installment) -> None:
        for days in (4, 6, 7):
            plan_upcoming(clock(NOON + timedelta(days=days)))
        plan_overdue(clock(NOON + timedelta(days=8)))
        assert missed() == [("upcoming", 7)]

    def test_reminders_and_overdue_stages_are_on_record_where_the_due_day_passed_meanwhile(
        self, installment: Installment
    ) -> None:
        plan_upcoming(clock())
        plan_overdue(clock(NOON + timedelta(days=11)))
        assert Prompt.objects.get(kind="overdue").stage == 3
        assert missed() == [("overdue", 1), ("upcoming", 0), ("upcoming", 1), ("upcoming", 3)]
        plan_overdue(clock(NOON + timedelta(days=14)))
        assert len(missed()) == 4
        skips = NoticeEvent.objects.filter(kind="skipped").values_list("installment_id", flat=True)
        assert set(skips) == {installment.pk}

    def test_also_where_the_first_overdue_stage_is_still_told(self, installment: Installment) -> None:
        plan_overdue(clock(NOON + timedelta(days=8)))
        assert missed() == [("upcoming", 0), ("upcoming", 1), ("upcoming", 3), ("upcoming", 7)]

    def test_an_overdue_stage_between_two_that_were_told(self, installment: Installment) -> None:
        for days in (0, 4, 6, 7):
            plan_upcoming(clock(NOON + timedelta(days=days)))
        for days in (8, 14):
            plan_overdue(clock(NOON + timedelta(days=days)))
        assert missed() == [("overdue", 3)]

    @pytest.mark.parametrize(
        ("known", "passed"),
        [
            (timedelta(days=7, hours=11), [("overdue", 1), ("upcoming", 0)]),
            (timedelta(days=7, hours=12), [("overdue", 1)]),
            (timedelta(days=9, hours=12), []),
        ],
        ids=["in the evening of the due day", "when it was over", "on the day of the stage that is told"],
    )
    def test_it_is_no_stage_that_was_over_when_the_figures_became_known(
        self, installment: Installment, known: timedelta, passed: list[tuple[str, int]]
    ) -> None:
        Installment.objects.update(known_at=NOON + known)
        plan_overdue(clock(NOON + timedelta(days=11)))
        assert missed() == passed

    def test_by_the_borrowers_own_day(self, installment: Installment) -> None:
        User.objects.update(time_zone="Pacific/Honolulu")
        Installment.objects.update(known_at=NOON + timedelta(days=8))
        plan_overdue(clock(NOON + timedelta(days=10)))
        assert missed() == [("upcoming", 0)]

    def test_on_an_ordinary_day_no_overdue_one_is_asked_about_it(self, installment: Installment) -> None:
        def cost() -> int:
            with CaptureQueriesContext(connection) as ran:
                plan_overdue(clock(NOON + timedelta(days=8)))
            assert not [one for one in ran if "AS missed" in one["sql"] and "INSERT" in one["sql"]]
            return len(ran)

        others = [make_installment(make_loan(make_borrower()), due_on=installment.due_on) for _person in range(3)]
        Installment.objects.update(known_at=NOON - timedelta(days=30))
        for days in (0, 4, 6, 7):
            plan_upcoming(clock(NOON + timedelta(days=days)))
        Installment.objects.filter(pk__in=[row.pk for row in others]).update(state="awaiting_bank")
        few = cost()
        Installment.objects.update(state="open")
        assert cost() == few
        assert (missed(), Prompt.objects.filter(kind="overdue").count()) == ([], 4)
