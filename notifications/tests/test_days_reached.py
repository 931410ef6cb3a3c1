"""Where partners have leads of their own, a minute that brings nothing finds nothing, and one that does finds it."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Loan
from loans.tests.factories import make_installment, make_loan, make_platform
from notifications.calendar import LEADS, upcoming_stage
from notifications.clock import Clock
from notifications.models import LeadPlan, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock
from notifications.timing import local_day

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=1)


def finds(plan: Callable[[Clock], int], now: Clock) -> bool:
    """Whether anything was taken to be not planned yet; `plan` must then bring nothing."""
    with CaptureQueriesContext(connection) as ran:
        assert plan(now) == 0
    return any("TABLE planning_prompt" in one["sql"] for one in ran)


@pytest.fixture
def owns() -> Loan:
    """A loan with a product that has leads of its own; `make_loan()` is one that has none."""
    return make_loan(make_borrower(), product="Kitchen")


def with_leads(upcoming: str = "7,3,1,0", overdue: str = "1,3,7") -> None:
    LeadPlan.objects.create(partner=make_platform(), product="Kitchen", upcoming=upcoming, overdue=overdue)


@pytest.mark.parametrize("leads", ["60,0", "5,0", "3,1,0", "10,5,2,0", "0"])
@pytest.mark.parametrize("away", [0, 1, 2, 3, 4, 6, 7, 9, 10, 11, 45, 61])
def test_a_minute_later_nothing_is_found(owns: Loan, leads: str, away: int) -> None:
    with_leads(leads)
    for loan in (owns, make_loan()):
        make_installment(loan, due_on=TODAY + timedelta(days=away))
    plan_upcoming(clock())
    assert not finds(plan_upcoming, clock(NOON + LATER))


@pytest.mark.parametrize("stages", ["1", "2", "5,20", "1,3,7,14"])
@pytest.mark.parametrize("ago", [1, 2, 3, 4, 7, 10, 14, 25])
def test_what_is_overdue_is_found_once(owns: Loan, stages: str, ago: int) -> None:
    with_leads(overdue=stages)
    for loan in (owns, make_loan()):
        make_installment(loan, due_on=TODAY - timedelta(days=ago))
    plan_overdue(clock())
    assert not finds(plan_overdue, clock(NOON + LATER))


def test_long_leads_of_one_are_none_of_the_others(owns: Loan) -> None:
    with_leads("60,30,0")
    due_on = TODAY + timedelta(days=45)
    theirs, _others = make_installment(owns, due_on=due_on), make_installment(make_loan(), due_on=due_on)
    assert plan_upcoming(clock()) == 1
    assert Prompt.objects.get().installment == theirs
    assert not finds(plan_upcoming, clock(NOON + LATER))


def test_both_are_told_on_a_day_that_has_reached_another_stage_by_each_plan(owns: Loan) -> None:
    with_leads("10,5,0")
    rows = [make_installment(loan, due_on=TODAY + timedelta(days=3)) for loan in (owns, make_loan())]
    assert plan_upcoming(clock()) == 2
    assert dict(Prompt.objects.values_list("installment", "stage")) == {rows[0].pk: 5, rows[1].pk: 3}


def test_who_is_under_another_law_has_not_reached_a_stage_that_a_holiday_opens_early(owns: Loan) -> None:
    """The first week of October is free in China; Wednesday the 30th is worked."""
    with_leads("3,0")
    eve = NOON.replace(month=9, day=30)
    american = make_loan(make_borrower(jurisdiction="us"), product="Kitchen")
    due_on = eve.date().replace(month=10, day=7)
    for loan in (owns, american):
        make_installment(loan, due_on=due_on)
    assert plan_upcoming(clock(eve)) == 1
    assert not finds(plan_upcoming, clock(eve + LATER))


def test_nor_has_who_is_under_the_same_one_in_a_country_that_works(owns: Loan) -> None:
    """Tuesday 8 December 2026 is free in Austria and worked in Germany."""
    with_leads("0")
    User.objects.filter(pk=owns.borrower_id).update(jurisdiction="eu", time_zone="Europe/Vienna")
    german = make_loan(make_borrower(jurisdiction="eu", time_zone="Europe/Berlin"), product="Kitchen")
    eve = NOON.replace(month=12, day=7)
    for loan in (owns, german):
        make_installment(loan, due_on=eve.date() + timedelta(days=1))
    assert plan_upcoming(clock(eve)) == 1
    assert Prompt.objects.get().borrower_id == owns.borrower_id
    assert not finds(plan_upcoming, clock(eve + LATER))


@pytest.mark.parametrize("hours", [4, 13, 20])
@pytest.mark.parametrize("days", range(-1, 9))
def test_who_has_not_reached_a_day_that_others_have_is_not_found_until_they_do(days: int, hours: int) -> None:
    """From midnight to noon in Shanghai it is still yesterday in New York."""
    now = NOON + timedelta(hours=hours)
    for zone in ("Asia/Shanghai", "America/New_York"):
        make_installment(make_loan(make_borrower(time_zone=zone)), due_on=TODAY + timedelta(days=days))
    plan_upcoming(clock(now))
    assert not finds(plan_upcoming, clock(now + LATER))
    for later in range(1, 25):
        plan_upcoming(clock(now + timedelta(hours=later)))
    for there in map(ZoneInfo, ("Asia/Shanghai", "America/New_York")):
        hours_on = (now + timedelta(hours=later) for later in range(25))
        left = {(TODAY + timedelta(days=days) - local_day(at, there)).days for at in hours_on}
        stages = {upcoming_stage(away) for away in left if 0 <= away <= max(LEADS)}
        told = Prompt.objects.filter(borrower__time_zone=there.key).values_list("stage", flat=True)
        assert sorted(told) == sorted(stages)


@pytest.mark.parametrize("product", ["Kitchen", ""])
def test_a_plan_that_says_what_is_usual_costs_no_second_look(owns: Loan, product: str) -> None:
    LeadPlan.objects.create(partner=make_platform(), product=product)
    with CaptureQueriesContext(connection) as ran:
        plan_upcoming(clock())
    assert not any("INSERT INTO planning_fresh" in one["sql"] for one in ran)
