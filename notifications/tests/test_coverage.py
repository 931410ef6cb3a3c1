"""Every installment that is due soon is told, was told or is with a person, or an alarm is open."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pgtrigger
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment, Loan
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications.coverage import GRACE, check_coverage
from notifications.escalation import climb
from notifications.models import AgentTask, Alarm, Delivery, LeadPlan, NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock, make_prompt
from notifications.tests.test_tellings import make_payment

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def installment() -> Installment:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    Installment.objects.filter(pk=row.pk).update(known_at=NOON - timedelta(days=1))
    return row


def test_what_is_planned_is_covered(installment: Installment) -> None:
    plan_upcoming(clock())
    assert check_coverage(clock()) == 0


def test_a_plan_that_was_lost_raises_an_alarm_within_one_sweep_and_planning_it_closes_it(
    installment: Installment,
) -> None:
    plan_upcoming(clock())
    with pgtrigger.ignore():
        Delivery.objects.all().delete()
        Prompt.objects.all().delete()
    assert check_coverage(clock()) == 1
    alarm = Alarm.objects.get()
    assert (alarm.subject, alarm.borrower_id) == (f"installment:{installment.pk}", installment.loan.borrower_id)
    assert check_coverage(clock()) == 1
    assert Alarm.objects.count() == 1
    plan_upcoming(clock())
    assert check_coverage(clock()) == 0
    assert Alarm.objects.get().closed_at == NOON


def test_a_stage_that_its_ladder_ended_at_midnight_has_as_long_to_be_followed_as_new_figures(
    installment: Installment,
) -> None:
    plan_upcoming(clock())
    midnight = datetime(2026, 11, 24, tzinfo=SHANGHAI)  # of the day of stage 1
    Prompt.objects.update(look_again_at=midnight)
    climb(clock(midnight))
    assert Prompt.objects.get().status == "cancelled"
    assert check_coverage(clock(midnight + timedelta(minutes=9))) == 0
    assert check_coverage(clock(midnight + timedelta(minutes=11))) == 1


def test_a_stage_that_was_overtaken_covers_nobody_for_longer_than_that(installment: Installment) -> None:
    plan_upcoming(clock())
    Prompt.objects.update(look_again_at=NOON + timedelta(days=2, hours=10))
    later = NOON + timedelta(days=2)
    plan_upcoming(clock(later))
    Prompt.objects.filter(stage=1).update(look_again_at=later)
    assert check_coverage(clock(later + timedelta(minutes=11))) == 1


def test_many_open_alarms_do_not_make_it_look_many_times(installment: Installment) -> None:
    for _ in range(40):
        make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    Installment.objects.update(known_at=NOON - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_alarm")
    assert check_coverage(clock()) == 41
    with CaptureQueriesContext(connection) as ran:
        check_coverage(clock())
    (statement,) = (one["sql"] for one in ran if "uncovered" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}")
        looks = [row[0] for row in cursor.fetchall() if "on loans_installment" in row[0]]
    assert looks
    assert all(int(re.findall(r"loops=(\d+)", line)[0]) <= 41 for line in looks)


def test_figures_that_came_a_moment_ago_have_time_to_be_planned(installment: Installment) -> None:
    Installment.objects.update(known_at=NOON - GRACE + timedelta(seconds=1))
    assert check_coverage(clock()) == 0


def test_a_ladder_that_nobody_looks_at_covers_nobody(installment: Installment) -> None:
    plan_upcoming(clock())
    Prompt.objects.update(look_again_at=NOON - timedelta(hours=1))
    assert check_coverage(clock()) == 1


def test_somebody_with_a_person_is_covered_until_that_person_gives_up(installment: Installment) -> None:
    plan_upcoming(clock())
    with pgtrigger.ignore():
        Delivery.objects.all().delete()
    Prompt.objects.update(look_again_at=NOON, deadline=NOON)
    climb(clock())
    assert AgentTask.objects.get().status == AgentTask.Status.OPEN
    assert check_coverage(clock(LATER)) == 0
    AgentTask.objects.update(status="done", outcome="not_reached", done_at=NOON)
    assert check_coverage(clock(LATER)) == 1


def test_a_task_that_nobody_took_covers_as_long_as_there_is_time_to_act(installment: Installment) -> None:
    prompt = make_prompt(installment, stage=3, status="escalated")
    AgentTask.objects.create(
        prompt=prompt, borrower=prompt.borrower, kind="unreachable", created_at=NOON, act_by=LATER, reason="x"
    )
    assert check_coverage(clock(LATER - timedelta(seconds=1))) == 0
    assert check_coverage(clock(LATER)) == 1
    AgentTask.objects.update(assignee=make_agent())
    assert check_coverage(clock(LATER)) == 0


def test_what_is_paid_or_far_away_needs_no_plan(installment: Installment) -> None:
    Installment.objects.update(state="awaiting_bank")
    far = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=9))
    Installment.objects.filter(pk=far.pk).update(known_at=NOON - timedelta(days=1))
    assert check_coverage(clock()) == 0


def test_an_alarm_tells_nothing_about_the_person(installment: Installment) -> None:
    check_coverage(clock())
    alarm = Alarm.objects.get()
    borrower = installment.loan.borrower
    assert not any(word and word in alarm.detail for word in (borrower.name, borrower.phone, borrower.email))
    assert not NoticeEvent.objects.exists()


class TestAHoliday:
    """The Spring Festival of 2026: nobody in China works from 15 to 23 February."""

    DUE = date(2026, 2, 23)
    FRIDAY = datetime(2026, 2, 13, 9, 0, tzinfo=SHANGHAI)
    LAST_WORKING_DAY = datetime(2026, 2, 14, 9, 0, tzinfo=SHANGHAI)
    HOLIDAY = datetime(2026, 2, 16, 9, 0, tzinfo=SHANGHAI)

    @pytest.fixture
    def row(self) -> Installment:
        """Of somebody whom no channel reaches."""
        row = make_installment(make_loan(make_borrower(phone=False, email=False)), due_on=self.DUE)
        Installment.objects.filter(pk=row.pk).update(known_at=self.FRIDAY - timedelta(days=9))
        return row

    def test_who_is_due_in_it_has_to_be_told_before_it_begins(self, row: Installment) -> None:
        assert check_coverage(clock(self.FRIDAY)) == 0
        assert check_coverage(clock(self.LAST_WORKING_DAY)) == 1
        plan_upcoming(clock(self.LAST_WORKING_DAY))
        climb(clock(self.LAST_WORKING_DAY))
        task = AgentTask.objects.get()
        assert task.act_by == datetime(2026, 2, 14, 22, 0, tzinfo=SHANGHAI)
        assert check_coverage(clock(self.LAST_WORKING_DAY)) == 0

    def test_a_task_covers_nobody_when_no_person_works_before_the_due_date_is_over(self, row: Installment) -> None:
        plan_upcoming(clock(self.LAST_WORKING_DAY))
        climb(clock(self.LAST_WORKING_DAY))
        AgentTask.objects.open().update(assignee=make_agent())
        assert check_coverage(clock(self.HOLIDAY)) == 1
        Installment.objects.update(due_on=self.DUE + timedelta(days=1))
        assert check_coverage(clock(self.HOLIDAY + timedelta(days=1))) == 0


def test_the_news_that_a_payment_came_back_covers_what_is_owed_again() -> None:
    """Its reminder of before was taken back when the payment was seen, and the same stage is not planned again."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=1))
    Installment.objects.update(known_at=NOON - timedelta(days=30))
    make_prompt(row, stage=1, status="cancelled", voided_at=NOON)
    assert check_coverage(clock()) == 1
    payment = make_payment(row, status="returned", returned_at=NOON)
    make_prompt(row, kind="payment_returned", payment=payment, look_again_at=NOON + timedelta(hours=1))
    assert check_coverage(clock()) == 0


class TestLeadsOfOnesOwn:
    """Each loan is looked at as far ahead as its own leads reach; seven days is what is usual."""

    KITCHEN = "Kitchen"

    @pytest.fixture
    def owns(self) -> Loan:
        return make_loan(make_borrower(), product=self.KITCHEN)

    @pytest.fixture
    def usual(self) -> Loan:
        return make_loan(make_borrower())

    def owe(self, *loans: Loan, away: int) -> list[int]:
        rows = [make_installment(loan, due_on=TODAY + timedelta(days=away)).pk for loan in loans]
        Installment.objects.update(known_at=NOON - timedelta(days=90))
        return rows

    def alarmed(self) -> set[int]:
        check_coverage(clock())
        return {int(alarm.subject.split(":")[1]) for alarm in Alarm.objects.open()}

    @pytest.mark.parametrize("leads", ["0", "1,0", "3,1,0"])
    def test_short_leads_of_one_hide_nobody_else(self, owns: Loan, usual: Loan, leads: str) -> None:
        LeadPlan.objects.create(partner=make_platform(), product=self.KITCHEN, upcoming=leads)
        _theirs, others = self.owe(owns, usual, away=6)
        assert self.alarmed() == {others}
        plan_upcoming(clock())
        assert self.alarmed() == set()

    @pytest.mark.parametrize("leads", ["0", "3,1,0", "7,3,1,0", "30,0"])
    def test_what_both_leads_have_reached_is_looked_at_for_both(self, owns: Loan, usual: Loan, leads: str) -> None:
        LeadPlan.objects.create(partner=make_platform(), product=self.KITCHEN, upcoming=leads)
        rows = self.owe(owns, usual, away=0)
        assert self.alarmed() == set(rows)
        plan_upcoming(clock())
        assert self.alarmed() == set()

    def test_long_leads_of_one_are_looked_at_for_its_loans_alone(self, owns: Loan, usual: Loan) -> None:
        LeadPlan.objects.create(partner=make_platform(), product=self.KITCHEN, upcoming="30,7,0")
        theirs, _others = self.owe(owns, usual, away=20)
        assert self.alarmed() == {theirs}
        plan_upcoming(clock())
        assert self.alarmed() == set()

    def test_of_a_partners_plan_and_its_products_the_products_counts(self, owns: Loan, usual: Loan) -> None:
        LeadPlan.objects.create(partner=make_platform(), product=self.KITCHEN, upcoming="2,0")
        LeadPlan.objects.create(partner=make_platform(), upcoming="20,0")
        LeadPlan.objects.create(partner=make_bank(), upcoming="40,0")
        self.owe(owns, usual, away=30)
        _theirs, others = self.owe(owns, usual, away=10)
        assert self.alarmed() == {others}

    def test_each_place_has_windows_of_its_own(self, owns: Loan, usual: Loan) -> None:
        """Nobody works in China from 15 to 23 February 2026; the United States rest on the 16th alone."""
        LeadPlan.objects.create(partner=make_platform(), product=self.KITCHEN, upcoming="1,0")
        american = make_loan(make_borrower(jurisdiction="us"), product=self.KITCHEN)
        eve = datetime(2026, 2, 14, 9, 0, tzinfo=SHANGHAI)
        rows = [make_installment(loan, due_on=date(2026, 2, 20)) for loan in (owns, american, usual)]
        Installment.objects.update(known_at=eve - timedelta(days=90))
        check_coverage(clock(eve))
        assert {alarm.borrower_id for alarm in Alarm.objects.open()} == {
            rows[0].loan.borrower_id,
            rows[2].loan.borrower_id,
        }

    def test_without_such_plans_nobody_asks_for_one(self, usual: Loan, django_assert_num_queries: Any) -> None:
        """Places, plans, the statement, and the count."""
        self.owe(usual, away=3)
        with django_assert_num_queries(4) as ran:
            check_coverage(clock())
        (statement,) = (one["sql"] for one in ran if "uncovered" in one["sql"])
        assert "notifications_leadplan" not in statement
        assert "UNION" not in statement

    @pytest.mark.parametrize("leads", ["7,3,1,0", "3,0", "30,0"])
    def test_with_them_it_takes_no_more_statements(
        self, usual: Loan, leads: str, django_assert_num_queries: Any
    ) -> None:
        LeadPlan.objects.create(partner=make_platform(), product=self.KITCHEN, upcoming=leads)
        with django_assert_num_queries(4) as ran:
            check_coverage(clock())
        asked = [one["sql"] for one in ran if "uncovered" in one["sql"]]
        assert all("UNION" in statement for statement in asked) is (leads == "30,0")


@pytest.mark.parametrize(
    ("planned_at", "fields", "alarms"),
    [
        (NOON - timedelta(days=3), {"status": "told"}, 0),
        (NOON - timedelta(days=5), {"status": "told"}, 1),
        (NOON - timedelta(days=5), {"status": "told", "deadline": NOON - timedelta(days=5)}, 0),
        (NOON - timedelta(days=11), {"status": "told", "deadline": NOON - timedelta(days=11)}, 1),
        (NOON - timedelta(days=11), {"look_again_at": NOON + timedelta(hours=1)}, 1),
    ],
    ids=["until the next stage", "a stage has begun since", "it is the reminder", "of other figures", "and goes on"],
)
def test_the_news_of_a_return_covers_until_the_next_stage_and_only_what_it_is_about(
    planned_at: datetime, fields: dict[str, Any], alarms: int
) -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=2))
    Installment.objects.update(known_at=NOON - timedelta(days=10))
    payment = make_payment(row, status="returned", returned_at=planned_at)
    make_prompt(row, kind="payment_returned", payment=payment, planned_at=planned_at, **fields)
    assert check_coverage(clock()) == alarms
