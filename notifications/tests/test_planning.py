"""From what is owed to what must be told."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import ContactPoint
from accounts.tests.factories import make_borrower
from loans.models import Dispute, Installment
from loans.tests.factories import make_installment, make_loan
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, NoticeEvent, Preference, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock

pytestmark = pytest.mark.django_db


def due_in(days: int, **borrower: Any) -> Installment:
    return make_installment(make_loan(make_borrower(**borrower)), due_on=TODAY + timedelta(days=days))


def test_an_installment_is_planned_once_a_stage() -> None:
    due_in(3)
    assert plan_upcoming(clock()) == 1
    assert plan_upcoming(clock()) == 0
    assert plan_upcoming(clock(NOON + timedelta(days=1))) == 0
    assert plan_upcoming(clock(NOON + timedelta(days=2))) == 1
    assert list(Prompt.objects.order_by("pk").values_list("stage", flat=True)) == [3, 1]


def test_days_on_which_nothing_ran_lose_no_reminder() -> None:
    due_in(2)
    plan_upcoming(clock())
    assert Prompt.objects.get().stage == 3


def test_clocks_that_are_put_back_bring_no_earlier_stage() -> None:
    due_in(3)
    due_in(-4)
    assert (plan_upcoming(clock()), plan_overdue(clock())) == (1, 1)
    before = clock(NOON - timedelta(days=2))
    assert (plan_upcoming(before), plan_overdue(before)) == (0, 0)


def test_what_is_due_later_than_the_longest_lead_waits() -> None:
    due_in(8)
    assert plan_upcoming(clock()) == 0


def test_the_first_rung_is_an_sms_beside_the_message_in_the_portal() -> None:
    installment = due_in(3)
    plan_upcoming(clock())
    rows = set(Delivery.objects.values_list("channel", "address", "status", "rung", "next_attempt_at"))
    phone = installment.loan.borrower.phone
    assert rows == {("sms", phone, "queued", 1, NOON), ("in_app", "", "queued", 1, NOON)}
    assert Prompt.objects.get().look_again_at == NOON + timedelta(hours=4)


def test_a_borrower_without_a_phone_is_told_by_email_first() -> None:
    due_in(3, phone=False)
    plan_upcoming(clock())
    assert set(Delivery.objects.values_list("channel", "rung")) == {("email", 2), ("in_app", 2)}


def test_a_channel_that_is_off_or_unreachable_is_passed_over() -> None:
    off, dead = due_in(3).loan.borrower, due_in(3).loan.borrower
    Preference.objects.create(user=off, channel=Delivery.Channel.SMS, enabled=False)
    ContactPoint.objects.filter(user=dead, kind=ContactPoint.Kind.PHONE).update(unreachable_since=NOON)
    plan_upcoming(clock())
    assert set(Delivery.objects.values_list("channel", flat=True)) == {"email", "in_app"}


def test_a_borrower_without_any_channel_is_planned_above_the_last_rung_and_looked_at_at_once() -> None:
    due_in(3, phone=False, email=False)
    plan_upcoming(clock())
    prompt = Prompt.objects.get()
    assert (prompt.rung, prompt.look_again_at) == (4, NOON)
    assert Delivery.objects.get().channel == Delivery.Channel.IN_APP


def test_each_borrower_is_planned_in_their_own_calendar() -> None:
    make_installment(make_loan(make_borrower(time_zone="Pacific/Honolulu")), due_on=TODAY)
    make_installment(make_loan(make_borrower(time_zone="Asia/Shanghai")), due_on=TODAY)
    plan_upcoming(clock())
    stages = {prompt.borrower.time_zone: prompt.stage for prompt in Prompt.objects.select_related("borrower")}
    assert stages == {"Pacific/Honolulu": 1, "Asia/Shanghai": 0}


def test_a_borrower_in_an_unknown_zone_is_told_all_the_same() -> None:
    due_in(3, time_zone="Mars/Olympus")
    assert plan_upcoming(clock()) == 1


def test_at_night_the_telling_is_held_until_morning() -> None:
    due_in(3)
    zone = ZoneInfo("Asia/Shanghai")
    plan_upcoming(clock(datetime(2026, 11, 22, 1, 0, tzinfo=zone)))
    morning = datetime(2026, 11, 22, 8, 0, tzinfo=zone)
    assert set(Delivery.objects.values_list("next_attempt_at", flat=True)) == {morning}


@pytest.mark.parametrize("state", ["awaiting_bank", "settled", "withdrawn"])
def test_what_is_not_open_is_not_planned(state: str) -> None:
    for days in (3, -1):
        row = due_in(days)
        owed = {"paid": row.total, "outstanding": 0} if state == "settled" else {}
        Installment.objects.filter(pk=row.pk).update(state=state, **owed)
    assert plan_upcoming(clock()) + plan_overdue(clock()) == 0


def test_a_changed_schedule_is_planned_anew() -> None:
    row = due_in(3)
    plan_upcoming(clock())
    Installment.objects.filter(pk=row.pk).update(version=2)
    assert plan_upcoming(clock()) == 1


def test_an_overdue_installment_is_told_on_the_first_third_and_seventh_day() -> None:
    due_in(-1)
    planned = [plan_overdue(clock(NOON + timedelta(days=days))) for days in range(8)]
    assert planned == [1, 0, 1, 0, 0, 0, 1, 0]


def test_what_falls_due_today_is_not_overdue() -> None:
    due_in(0)
    assert plan_overdue(clock()) == 0


@pytest.mark.parametrize("whole_loan", [True, False])
def test_an_overdue_prompt_is_held_while_a_dispute_is_open(whole_loan: bool) -> None:
    row = due_in(-1)
    dispute = Dispute.objects.create(
        receipt_number="D-1",
        borrower=row.loan.borrower,
        loan=row.loan,
        installment=None if whole_loan else row,
        kind=Dispute.Kind.OTHER,
        opened_at=NOON,
        answer_due_on=date(2026, 12, 7),
    )
    assert plan_overdue(clock()) == 0
    dispute.status, dispute.decision, dispute.decided_at = "decided", "rejected", NOON
    dispute.decided_by = row.loan.borrower
    dispute.save()
    assert plan_overdue(clock()) == 1


def test_each_planned_prompt_is_on_record() -> None:
    row = due_in(3)
    plan_upcoming(clock())
    event = NoticeEvent.objects.get()
    assert (event.kind, event.installment_id, event.data) == ("planned", row.pk, {"kind": "upcoming", "stage": 3})


def test_the_number_of_queries_does_not_grow_with_the_book(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for days in range(8):
        due_in(days)
    with django_assert_num_queries(23):
        assert plan_upcoming(clock()) == 8


def test_where_little_time_is_left_every_channel_gets_its_share_of_it() -> None:
    """Due today, a Sunday on which nobody works: two hours are left."""
    make_installment(make_loan(make_borrower()), due_on=TODAY)
    plan_upcoming(clock())
    prompt = Prompt.objects.get()
    assert prompt.deadline == NOON + timedelta(hours=2)
    for minutes in range(0, 121, 5):
        climb(clock(NOON + timedelta(minutes=minutes)))
    told = prompt.deliveries.exclude(channel="in_app").order_by("pk")
    assert [delivery.channel for delivery in told] == ["sms", "email"]
    assert told[1].next_attempt_at == NOON + timedelta(hours=1)
    assert AgentTask.objects.get().created_at == prompt.deadline
