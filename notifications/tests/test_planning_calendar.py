"""A day's plan against the calendar of each borrower, and over two connections."""

from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications import planning_calendar
from notifications.calendar import LEADS, upcoming_stage
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock
from notifications.timing import local_day

ZONES = ("Pacific/Kiritimati", "Asia/Shanghai", "America/New_York", "Pacific/Honolulu")


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_at_any_moments_each_installment_gets_the_stages_of_its_borrowers_calendar(seed: int) -> None:
    chance = Random(seed)
    zones = {}
    for _ in range(12):
        name = chance.choice(ZONES)
        row = make_installment(
            make_loan(make_borrower(time_zone=name)), due_on=TODAY + timedelta(days=chance.randrange(9))
        )
        zones[row] = ZoneInfo(name)
    told: set[tuple[int, int]] = set()
    for hours in sorted(chance.sample(range(220), 9)):
        now = NOON + timedelta(hours=hours)
        for row, zone in zones.items():
            days = (row.due_on - local_day(now, zone)).days
            if 0 <= days <= max(LEADS) and not any(
                (row.pk, lead) in told for lead in LEADS if lead <= upcoming_stage(days)
            ):
                told.add((row.pk, upcoming_stage(days)))
        plan_upcoming(clock(now))
        assert set(Prompt.objects.values_list("installment", "stage")) == told


@pytest.mark.django_db
def test_a_minute_that_brings_nothing_is_one_look(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    with django_assert_num_queries(9):
        assert plan_upcoming(clock()) == 0


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> list[Installment]:
    """People on both sides of the lanes, each with two installments on one day, enough of them to be shared."""
    monkeypatch.setattr(planning_calendar, "SHARE_FROM", 12)
    loans = [make_loan(make_borrower(id=number)) for start in (4000, 4096, 8192) for number in (start, start + 1)]
    return [make_installment(loan, due_on=TODAY + timedelta(days=3)) for loan in loans for _ in range(2)]


def writers() -> int:
    """The transactions that the prompts are from."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM notifications_prompt")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_large_day_is_planned_over_two_connections_each_installment_once(crowd: list[Installment]) -> None:
    assert plan_upcoming(clock()) == len(crowd)
    assert sorted(Prompt.objects.values_list("installment", flat=True)) == sorted(row.pk for row in crowd)
    assert writers() == 2
    assert NoticeEvent.objects.filter(kind="planned").count() == len(crowd)
    assert plan_upcoming(clock()) == 0


@pytest.mark.django_db(transaction=True)
def test_whoever_shares_a_day_leaves_bundles_whole(crowd: list[Installment]) -> None:
    plan_upcoming(clock())
    leading = Prompt.objects.filter(told_with=None)
    assert leading.count() == len(crowd) // 2
    assert all(one.companions.get().borrower_id == one.borrower_id for one in leading)
    assert Delivery.objects.filter(prompt__in=leading).count() == Delivery.objects.count() == len(crowd)


@pytest.mark.django_db(transaction=True)
def test_a_lane_that_fails_is_planned_by_the_next_run(
    crowd: list[Installment], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(run: planning_calendar.Run) -> int:
        raise ConnectionError("the second connection is gone")

    with monkeypatch.context() as patched:
        patched.setattr(planning_calendar, "_plan_other_lane", fail)
        with pytest.raises(ConnectionError):
            plan_upcoming(clock())
    assert plan_upcoming(clock()) == len(crowd)


@pytest.mark.django_db(transaction=True)
def test_what_falls_overdue_is_shared_too(crowd: list[Installment]) -> None:
    Installment.objects.update(due_on=TODAY - timedelta(days=1))
    assert plan_overdue(clock()) == len(crowd)
    assert writers() == 2
