"""Whose law, whose calendar, whose leads."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications.clock import Clock
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, LeadPlan, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.planning_changes import plan_changes
from notifications.slots import working_days
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt
from notifications.timing import local_day

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_hours_are_those_of_the_borrowers_law_and_the_rule_is_kept() -> None:
    late = datetime(2026, 11, 22, 21, 30, tzinfo=SHANGHAI)
    for law in ("cn", "us"):
        make_installment(make_loan(make_borrower(jurisdiction=law)), due_on=TODAY - timedelta(days=1))
    plan_overdue(Clock(late))
    sms = Delivery.objects.filter(channel="sms").select_related("prompt__borrower")
    found = {one.prompt.borrower.jurisdiction: one for one in sms}
    assert (found["cn"].next_attempt_at, found["cn"].held_by) == (late, "")
    assert found["us"].next_attempt_at == datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)
    assert found["us"].held_by.startswith("us/collection/hours/")
    assert NoticeEvent.objects.get(data__has_key="held_by").data["held_by"] == found["us"].held_by


def test_a_product_has_leads_of_its_own_and_the_others_those_of_their_partner() -> None:
    LeadPlan.objects.create(partner=make_platform(), product="Phone plan", upcoming="10,5,0")
    LeadPlan.objects.create(partner=make_bank(), upcoming="2,0")
    phone = make_installment(make_loan(product="Phone plan"), due_on=TODAY + timedelta(days=9))
    sofa = make_installment(make_loan(product="Sofa"), due_on=TODAY + timedelta(days=2))
    make_installment(make_loan(product="Sofa"), due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    stages = dict(Prompt.objects.values_list("installment", "stage"))
    assert stages == {phone.pk: 10, sofa.pk: 2}


def test_who_cannot_be_reached_goes_to_a_person_on_a_working_day() -> None:
    """Due on Monday 23 November 2026, told on Sunday: the last working day was Friday."""
    friday_noon = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)
    thursday = datetime(2026, 11, 19, 12, 0, tzinfo=SHANGHAI)
    make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=1))
    plan_upcoming(clock(thursday))
    assert Prompt.objects.get().deadline == friday_noon
    assert NOON.astimezone(SHANGHAI).isoweekday() == 7


class TestBeforeAHoliday:
    """Nobody in China works from 15 to 23 February 2026; Saturday the 14th is worked."""

    SATURDAY = datetime(2026, 2, 14, 0, 1, tzinfo=SHANGHAI)

    @pytest.mark.parametrize(("due", "first_day"), [(21, 14), (22, 14), (23, 14), (24, 14), (25, 18)])
    def test_what_falls_due_in_it_is_told_on_the_last_working_day_and_once(self, due: int, first_day: int) -> None:
        make_installment(make_loan(make_borrower()), due_on=datetime(2026, 2, due, tzinfo=SHANGHAI).date())
        days = [(day, plan_upcoming(clock(self.SATURDAY.replace(day=day)))) for day in range(10, due + 1)]
        assert [day for day, planned in days if planned] == [first_day, due - 3, due - 1, due]
        assert set(Prompt.objects.values_list("stage", flat=True)) == {7, 3, 1, 0}
        first = Prompt.objects.get(stage=7)
        assert first.tell_at == datetime(2026, 2, first_day, 8, 0, tzinfo=SHANGHAI)
        assert first.deadline == datetime(2026, 2, 14 if due < 25 else 24, 12, 0, tzinfo=SHANGHAI)

    def test_figures_that_come_when_it_has_begun_are_told_at_once(self) -> None:
        make_installment(make_loan(make_borrower()), due_on=datetime(2026, 2, 24, tzinfo=SHANGHAI).date())
        assert plan_upcoming(clock(self.SATURDAY.replace(day=15))) == 1
        assert Prompt.objects.get().stage == 7

    def test_who_lives_where_people_work_is_told_at_the_usual_time_and_not_looked_at_before(self) -> None:
        due_on = datetime(2026, 2, 23, tzinfo=SHANGHAI).date()
        make_installment(make_loan(make_borrower(jurisdiction="us")), due_on=due_on)
        make_installment(make_loan(make_borrower()), due_on=due_on)
        assert plan_upcoming(clock(self.SATURDAY)) == 1
        with CaptureQueriesContext(connection) as ran:
            assert plan_upcoming(clock(self.SATURDAY.replace(hour=1))) == 0
        assert not any("TABLE planning_prompt" in one["sql"] for one in ran)
        assert plan_upcoming(clock(self.SATURDAY.replace(day=16))) == 1

    @pytest.mark.parametrize(("due", "told"), [(24, 0), (26, 1)])
    def test_changed_figures_that_are_told_anew_at_once_need_no_news(self, due: int, told: int) -> None:
        row = make_installment(make_loan(make_borrower()), due_on=datetime(2026, 2, due, tzinfo=SHANGHAI).date())
        make_delivery(make_prompt(row, stage=7), status="sent", sent_at=self.SATURDAY)
        Installment.objects.update(version=2, total=110, outstanding=110)
        assert plan_changes([row.pk], clock(self.SATURDAY)) == told
        assert plan_upcoming(clock(self.SATURDAY)) == 1 - told

    @pytest.mark.parametrize(
        ("leads", "away", "told"), [("14,7,3,1,0", 12, 0), ("14,7,3,1,0", 16, 1), ("1,0", 5, 1), ("1,0", 1, 0)]
    )
    def test_changed_figures_are_told_exactly_once_by_every_plan(self, leads: str, away: int, told: int) -> None:
        LeadPlan.objects.create(partner=make_bank(), upcoming=leads)
        row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=away))
        make_delivery(make_prompt(row, stage=30), status="sent", sent_at=NOON - timedelta(days=1))
        Installment.objects.update(version=2, total=110, outstanding=110)
        assert plan_changes([row.pk], clock()) == told
        assert plan_upcoming(clock()) == 1 - told

    def test_whether_it_is_told_anew_at_once_is_asked_of_the_borrowers_own_day(self) -> None:
        row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=10))
        make_delivery(make_prompt(row, stage=30), status="sent", sent_at=NOON - timedelta(days=1))
        Installment.objects.update(version=2, total=110, outstanding=110)
        past_midnight = datetime(2026, 11, 24, 0, 30, tzinfo=SHANGHAI).astimezone(UTC)
        assert plan_changes([row.pk], clock(past_midnight)) == 0

    def test_a_plan_with_short_leads_opens_on_friday_for_monday(self) -> None:
        LeadPlan.objects.create(partner=make_bank(), upcoming="1,0")
        make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=1))
        thursday = NOON - timedelta(days=3)
        assert [plan_upcoming(clock(thursday + timedelta(days=days))) for days in range(5)] == [0, 1, 0, 0, 1]
        assert Prompt.objects.get(stage=1).deadline == NOON - timedelta(days=2) + timedelta(hours=2)


@pytest.mark.parametrize(
    ("law", "name", "day"),
    [
        ("eu", "Europe/Berlin", 24),
        ("eu", "Europe/Berlin?", 24),  # that the zone was not said makes no difference
        ("eu", "Europe/Vienna", 24),
        ("eu", "UTC", 25),  # of no country: Monday to Friday
        ("us", "Europe/Berlin", 24),
        ("cn", "Europe/Berlin", 25),  # of a law that has a country, that one's
    ],
)
def test_in_the_union_a_person_is_called_in_on_a_working_day_of_the_borrowers_country(
    law: str, name: str, day: int
) -> None:
    """Due on Monday 28 December 2026, after Christmas Day, a Friday."""
    borrower = make_borrower(jurisdiction=law, time_zone=name, phone=False, email=False)
    make_installment(make_loan(borrower), due_on=date(2026, 12, 28))
    monday = Clock(datetime(2026, 12, 21, 9, 0, tzinfo=borrower.zone))
    plan_upcoming(monday)
    assert Prompt.objects.get().deadline == datetime(2026, 12, day, 12, 0, tzinfo=borrower.zone)
    climb(monday)
    task = AgentTask.objects.get()
    assert local_day(task.act_by, borrower.zone) == date(2026, 12, day)


def test_the_working_days_of_a_place_are_looked_up_once() -> None:
    assert working_days("eu", ZoneInfo("Europe/Berlin")) is working_days("eu", ZoneInfo("Europe/Berlin"))
    assert working_days("eu", ZoneInfo("Europe/Berlin")).country == "DE"
