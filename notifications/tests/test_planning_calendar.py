"""A day's plan against the calendar of each borrower, and in portions."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

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


@pytest.mark.django_db(transaction=True)
def test_a_minute_that_brings_nothing_is_one_look(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    with django_assert_num_queries(11):
        assert plan_upcoming(clock()) == 0


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> list[Installment]:
    """People each with two installments on one day; portions are cut in the middle of the first and the third."""
    monkeypatch.setattr(planning_calendar, "PORTION", 5)
    loans = [make_loan(make_borrower()) for _ in range(6)]
    return [make_installment(loan, due_on=TODAY + timedelta(days=3)) for loan in loans for _ in range(2)]


def writers() -> int:
    """The transactions that the prompts are from."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM notifications_prompt")
        return int(cursor.fetchone()[0])


def left_behind() -> int:
    """Temporary tables, and locks, of this connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'planning%' AND relpersistence = 't')"
            " + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_large_day_is_planned_in_portions_each_installment_once(crowd: list[Installment]) -> None:
    seen: list[int] = []
    assert plan_upcoming(clock(), lambda: seen.append(Prompt.objects.count())) == len(crowd)
    assert sorted(Prompt.objects.values_list("installment", flat=True)) == sorted(row.pk for row in crowd)
    assert writers() == len(seen) == 3
    assert seen == [2, 6, 12]
    assert NoticeEvent.objects.filter(kind="planned").count() == len(crowd)
    assert plan_upcoming(clock(), lambda: seen.append(0)) == 0
    assert len(seen) == 3
    assert left_behind() == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_written_of_a_large_day_is_committed_before_anybody_is_woken(crowd: list[Installment]) -> None:
    def look() -> int:
        try:
            return Delivery.objects.count()
        finally:
            connection.close()

    seen: list[int] = []
    with ThreadPoolExecutor(1) as other:
        plan_upcoming(clock(), lambda: seen.append(other.submit(look).result()))
    assert seen == [2, 6, 12]


@pytest.mark.django_db(transaction=True)
def test_portions_leave_bundles_whole(crowd: list[Installment]) -> None:
    plan_upcoming(clock())
    leading = Prompt.objects.filter(told_with=None)
    assert leading.count() == len(crowd) // 2
    assert all(one.companions.get().borrower_id == one.borrower_id for one in leading)
    assert Delivery.objects.filter(prompt__in=leading).count() == Delivery.objects.count() == len(crowd)


@pytest.mark.django_db(transaction=True)
def test_a_portion_that_fails_is_planned_by_the_next_run_and_those_before_it_stay(
    crowd: list[Installment], monkeypatch: pytest.MonkeyPatch
) -> None:
    after = iter([None])
    with monkeypatch.context() as patched:
        # The second portion finds the iterator empty.
        patched.setattr(planning_calendar, "end_overtaken", lambda *_args, **_more: next(after))
        with pytest.raises(StopIteration):
            plan_upcoming(clock())
    assert Prompt.objects.count() == 2
    assert plan_upcoming(clock()) == len(crowd) - 2
    assert left_behind() == 0


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_that_fails_keeps_nobody_from_being_planned(crowd: list[Installment]) -> None:
    def fail() -> None:
        raise ConnectionError("the broker is gone")

    assert plan_upcoming(clock(), fail) == len(crowd)


@pytest.mark.django_db(transaction=True)
def test_nobody_else_plans_between_two_portions(crowd: list[Installment]) -> None:
    def plan_too() -> int:
        try:
            return plan_upcoming(clock())
        finally:
            connection.close()

    others: list[Future[int]] = []
    with ThreadPoolExecutor(3) as pool:
        assert plan_upcoming(clock(), lambda: others.append(pool.submit(plan_too))) == len(crowd)
    assert [other.result() for other in others] == [0, 0, 0]


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_another_plans_waits_for_nothing_and_plans_what_that_one_does_not(
    crowd: list[Installment],
) -> None:
    """One that waited would keep a worker's process from ladders, receipts and alarms meanwhile."""
    make_installment(make_loan(make_borrower()), due_on=TODAY - timedelta(days=1))

    def plan_too() -> tuple[int, int]:
        try:
            return plan_upcoming(clock()), plan_overdue(clock())
        finally:
            connection.close()

    others: list[tuple[int, int]] = []
    with ThreadPoolExecutor(1) as pool:
        planned = plan_upcoming(clock(), lambda: others.append(pool.submit(plan_too).result(timeout=5)))
    assert planned == len(crowd)
    assert others == [(0, 1), (0, 0), (0, 0)]


@pytest.mark.django_db(transaction=True)
def test_what_falls_overdue_is_planned_in_portions_too(crowd: list[Installment]) -> None:
    Installment.objects.update(due_on=TODAY - timedelta(days=1))
    assert plan_overdue(clock()) == len(crowd)
    assert writers() == 3


@pytest.mark.django_db
def test_within_a_transaction_all_is_planned_at_once(
    crowd: list[Installment], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    woken: list[int] = []
    with django_capture_on_commit_callbacks(execute=True):
        assert plan_upcoming(clock(), lambda: woken.append(1)) == len(crowd)
        assert woken == []
    assert woken == [1]
