"""The last stage that a dispute took back is told once more when the dispute is rejected, for no later one follows."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.tests.factories import make_agent, make_borrower
from loans.disputes import decide
from loans.models import Dispute, Installment
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import tasks
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, LeadPlan, Prompt
from notifications.planning import plan_overdue
from notifications.tests.factories import NOON, TODAY, clock, facts

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)


def make_overdue(days: int, **borrower: bool) -> Installment:
    """Overdue for so many days at NOON, and planned."""
    row = make_installment(make_loan(make_borrower(**borrower)), due_on=TODAY - days * DAY)
    assert plan_overdue(clock()) == 1
    return row


def dispute(row: Installment, *, whole_loan: bool = False) -> Dispute:
    with time_machine.travel(NOON + HOUR, tick=False):
        return make_dispute(row.loan, installment=None if whole_loan else row, now=NOON + HOUR)


def decided(about: Dispute, decision: str = "rejected", *, days: int = 8) -> None:
    now = NOON + days * DAY
    with time_machine.travel(now, tick=False):
        decide(dispute=about, agent=make_agent(), decision=decision, words="We have looked into it.", now=now)


def demands() -> list[tuple[int, str]]:
    """The stages of what says that it is overdue, and what became of them."""
    return list(Prompt.objects.filter(kind="overdue").order_by("pk").values_list("stage", "status"))


def test_what_arrived_and_was_not_answered_yet_is_not_demanded_again() -> None:
    row = make_overdue(7)
    said = facts(Prompt.objects.get(kind="overdue")).as_json()
    Delivery.objects.filter(channel="sms").update(status="delivered", sent_at=NOON, delivered_at=NOON, facts=said)
    decided(dispute(row))
    assert demands() == [(7, "cancelled")]


def test_two_disputes_that_are_rejected_on_one_day_leave_it_demanded_once() -> None:
    row = make_overdue(7)
    decided(dispute(row))
    with time_machine.travel(NOON + 8 * DAY, tick=False):
        second = make_dispute(row.loan, installment=row, now=NOON + 8 * DAY)
    decided(second)
    assert demands() == [(7, "cancelled"), (16, "cancelled"), (17, "active")]


@pytest.mark.parametrize("whole_loan", [True, False])
def test_the_last_stage_is_told_again_on_the_morning_after_its_dispute_was_rejected(whole_loan: bool) -> None:
    decided(dispute(make_overdue(7), whole_loan=whole_loan))
    assert demands() == [(7, "cancelled"), (16, "active")]
    told = Delivery.objects.get(channel="sms", prompt__stage=16, prompt__kind="overdue")
    assert (told.status, told.next_attempt_at) == ("queued", datetime(2026, 12, 1, 8, 0, tzinfo=SHANGHAI))
    assert plan_overdue(clock(NOON + 9 * DAY)) == 0


def test_whom_no_channel_had_reached_is_with_a_person_once_more() -> None:
    row = make_overdue(7, phone=False, email=False)
    climb(clock())
    about = dispute(row)
    assert not AgentTask.objects.open().exists()
    decided(about)
    climb(clock(NOON + 9 * DAY))
    assert AgentTask.objects.open().get(prompt__kind="overdue").prompt == Prompt.objects.get(stage=16)


def test_one_that_is_decided_on_its_day_is_told_on_the_next() -> None:
    decided(dispute(make_overdue(7)), days=1)
    assert demands() == [(7, "cancelled"), (9, "active")]


def test_a_plan_of_one_stage_has_its_last_one_soon() -> None:
    LeadPlan.objects.create(partner=make_bank(), upcoming="7,0", overdue="1")
    decided(dispute(make_overdue(1)))
    assert demands() == [(1, "cancelled"), (10, "active")]


def test_an_earlier_stage_is_left_to_the_next_one() -> None:
    decided(dispute(make_overdue(1)), days=1)
    assert demands() == [(1, "cancelled")]
    assert plan_overdue(clock(NOON + 2 * DAY)) == 1
    assert demands() == [(1, "cancelled"), (3, "active")]


@pytest.mark.parametrize("decision", ["upheld", "partly"])
def test_who_is_right_waits_for_the_figures_of_the_bank(decision: str) -> None:
    decided(dispute(make_overdue(7)), decision)
    assert demands() == [(7, "cancelled")]


def test_what_another_dispute_holds_waits_for_that_one() -> None:
    row = make_overdue(7)
    first, second = dispute(row), dispute(row, whole_loan=True)
    decided(first)
    assert demands() == [(7, "cancelled")]
    decided(second, days=10)
    assert demands() == [(7, "cancelled"), (18, "active")]


def test_what_was_told_before_the_dispute_is_not_told_again() -> None:
    row = make_overdue(7)
    Prompt.objects.update(status="told")
    decided(dispute(row))
    assert demands() == [(7, "told")]


@pytest.mark.parametrize("change", [{"state": "awaiting_bank"}, {"version": 2}])
def test_nor_is_what_is_paid_or_has_other_figures(change: dict[str, object]) -> None:
    about = dispute(make_overdue(7))
    Installment.objects.update(**change)
    decided(about)
    assert demands() == [(7, "cancelled")]


def test_nor_is_what_has_been_overdue_for_so_long_that_it_is_no_news() -> None:
    decided(dispute(make_overdue(7)), days=23)
    assert demands() == [(7, "cancelled")]
