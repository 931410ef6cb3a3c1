"""The last stage that an outage took back is told once more when its hold is over, for no later one follows."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.tests.factories import make_agent, make_borrower
from loans import signals
from loans.disputes import decide
from loans.models import Installment, Outage
from loans.models.outage import UNTIL_SETTLED
from loans.outages import declare_outage, end_outage
from loans.own_sessions import connect_alone
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications import demanding_after_outages, tasks
from notifications.acknowledgement import acknowledge_delivery
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, LeadPlan, Prompt
from notifications.planning import plan_overdue
from notifications.tests.factories import NOON, TODAY, claim, clock, facts

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
PAID = {"state": "settled", "paid": Decimal(100), "outstanding": Decimal(0)}


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)
    monkeypatch.setattr(tasks, "wake_outages", lambda: None)


def make_overdue(days: int = 7, **borrower: bool) -> Installment:
    """Overdue for so many days at NOON, and planned."""
    row = make_installment(make_loan(make_borrower(**borrower)), due_on=TODAY - days * DAY)
    assert plan_overdue(clock()) == 1
    return row


def declare(moment: datetime = NOON, **said: object) -> Outage:
    """Since nine days before NOON; it takes back at `moment`. Its hold ends with it where nothing else is said."""
    with time_machine.travel(moment, tick=False):
        defaults: dict[str, object] = {"starts_at": NOON - 9 * DAY, "reason": "Down.", "grace_hours": 0}
        partner = said.pop("partner", None) or make_bank()
        return declare_outage(partner, now=moment, **{**defaults, **said})  # type: ignore[arg-type]


def sweep(moment: datetime) -> None:
    """What beat asks for five minutes after that moment."""
    with time_machine.travel(moment + UNTIL_SETTLED, tick=False):
        tasks.plan()
        tasks.reconcile()


def demands() -> list[tuple[int, str]]:
    """The stages of what says that it is overdue, and what became of them."""
    return list(Prompt.objects.filter(kind="overdue").order_by("pk").values_list("stage", "status"))


@pytest.mark.parametrize(("lasts", "stage"), [(HOUR, 8), (3 * DAY, 10)], ids=["the same day", "days later"])
def test_the_last_stage_is_told_again_when_the_outage_is_over(lasts: timedelta, stage: int) -> None:
    make_overdue()
    outage = declare()
    assert demands() == [(7, "cancelled")]
    end_outage(outage.pk, now=NOON + lasts)
    sweep(NOON + lasts)
    assert demands() == [(7, "cancelled"), (stage, "active")]
    assert Delivery.objects.get(channel="sms", prompt__stage=stage, prompt__kind="overdue").status == "queued"
    assert len(claim("sms", NOON + lasts + HOUR)) == 1


@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(minutes=6), DAY, 5 * DAY])
def test_it_is_told_again_once(later: timedelta) -> None:
    make_overdue()
    declare(ends_at=NOON + 2 * DAY)
    for moment in (NOON + 2 * DAY, NOON + 2 * DAY + later, NOON + 2 * DAY + 2 * later):
        sweep(moment)
    assert demands() == [(7, "cancelled"), (9, "active")]


def test_nothing_is_told_while_the_hold_lasts() -> None:
    make_overdue()
    declare(ends_at=NOON + DAY, grace_hours=24)
    for moment in (NOON + HOUR, NOON + DAY, NOON + 2 * DAY - UNTIL_SETTLED - timedelta(seconds=1)):
        sweep(moment)
    assert demands() == [(7, "cancelled")]
    sweep(NOON + 2 * DAY)
    assert demands() == [(7, "cancelled"), (9, "active")]


def test_in_the_night_it_waits_for_the_morning_and_is_of_that_day() -> None:
    make_overdue()
    night = datetime(2026, 11, 23, 23, 0, tzinfo=SHANGHAI)
    declare(ends_at=night)
    sweep(night)
    again = Delivery.objects.get(channel="sms", prompt__stage=9, prompt__kind="overdue")
    assert again.next_attempt_at == datetime(2026, 11, 24, 8, 0, tzinfo=SHANGHAI)
    assert again.held_by


def test_whom_no_channel_had_reached_is_with_a_person_once_more() -> None:
    make_overdue(phone=False, email=False)
    climb(clock())
    assert AgentTask.objects.open().get(prompt__kind="overdue")
    declare(ends_at=NOON + DAY)
    assert not AgentTask.objects.open().filter(prompt__kind="overdue").exists()
    sweep(NOON + DAY)
    climb(clock(NOON + DAY + HOUR))
    assert AgentTask.objects.open().get(prompt__kind="overdue").prompt == Prompt.objects.get(kind="overdue", stage=8)


def test_a_plan_of_one_stage_has_its_last_one_soon() -> None:
    LeadPlan.objects.create(partner=make_bank(), upcoming="7,0", overdue="1")
    make_overdue(1)
    declare(ends_at=NOON + DAY)
    sweep(NOON + DAY)
    assert demands() == [(1, "cancelled"), (2, "active")]


def test_an_earlier_stage_is_left_to_the_next_one() -> None:
    make_overdue(3)
    declare(ends_at=NOON + DAY)
    sweep(NOON + 2 * DAY)
    assert demands() == [(3, "cancelled")]
    sweep(NOON + 4 * DAY)
    assert demands() == [(3, "cancelled"), (7, "active")]


def test_what_had_arrived_before_is_not_told_again() -> None:
    make_overdue()
    said = facts(Prompt.objects.get(kind="overdue")).as_json()
    Delivery.objects.filter(channel="sms").update(status="delivered", sent_at=NOON, delivered_at=NOON, facts=said)
    declare(NOON + HOUR, ends_at=NOON + DAY)
    sweep(NOON + DAY)
    assert demands() == [(7, "cancelled")]


def test_what_was_told_before_is_not_told_again() -> None:
    make_overdue()
    Prompt.objects.update(status="told")
    declare(ends_at=NOON + DAY)
    sweep(NOON + DAY)
    assert demands() == [(7, "told")]


@pytest.mark.parametrize("change", [{"state": "awaiting_bank"}, PAID])
def test_nor_is_what_is_paid_meanwhile(change: dict[str, object]) -> None:
    row = make_overdue()
    declare(ends_at=NOON + DAY)
    Installment.objects.filter(pk=row.pk).update(**change)
    sweep(NOON + DAY)
    assert demands() == [(7, "cancelled")]


def test_what_is_paid_afterwards_is_taken_back() -> None:
    row = make_overdue()
    declare(ends_at=NOON + DAY)
    sweep(NOON + DAY)
    Installment.objects.filter(pk=row.pk).update(**PAID)
    with time_machine.travel(NOON + DAY, tick=False):
        signals.installments_changed.send(sender=None, installment_ids=[row.pk])
    assert demands() == [(7, "cancelled"), (8, "cancelled")]


def test_what_another_outage_holds_waits_for_that_one() -> None:
    make_overdue()
    declare(ends_at=NOON + DAY)
    declare(NOON + HOUR, partner=make_platform(), ends_at=NOON + 3 * DAY)
    sweep(NOON + DAY)
    assert demands() == [(7, "cancelled")]
    sweep(NOON + 3 * DAY)
    assert demands() == [(7, "cancelled"), (10, "active")]


def test_one_that_a_second_outage_takes_back_is_told_after_that_one() -> None:
    make_overdue()
    declare(ends_at=NOON + DAY)
    sweep(NOON + DAY)
    declare(NOON + DAY + HOUR, ends_at=NOON + DAY + 2 * HOUR)
    sweep(NOON + DAY + 2 * HOUR)
    assert demands() == [(7, "cancelled"), (8, "cancelled"), (9, "active")]


@pytest.mark.parametrize(("decision", "told"), [("rejected", [(12, "active")]), ("upheld", [])])
def test_what_is_disputed_by_then_is_left_to_the_decision(decision: str, told: list[tuple[int, str]]) -> None:
    row = make_overdue()
    declare(ends_at=NOON + 2 * DAY)
    with time_machine.travel(NOON + HOUR, tick=False):
        about = make_dispute(row.loan, installment=row, now=NOON + HOUR)
    sweep(NOON + 2 * DAY)
    assert demands() == [(7, "cancelled")]
    later = NOON + 4 * DAY
    with time_machine.travel(later, tick=False):
        decide(dispute=about, agent=make_agent(), decision=decision, words="We have looked into it.", now=later)
    sweep(later)
    assert demands() == [(7, "cancelled"), *told]


def test_a_dispute_that_is_rejected_while_the_outage_holds_demands_when_it_is_over() -> None:
    row = make_overdue()
    declare(ends_at=NOON + 4 * DAY)
    with time_machine.travel(NOON + HOUR, tick=False):
        about = make_dispute(row.loan, installment=row, now=NOON + HOUR)
    decided = NOON + DAY
    with time_machine.travel(decided, tick=False):
        decide(dispute=about, agent=make_agent(), decision="rejected", words="We have looked into it.", now=decided)
    assert claim("sms", NOON + 3 * DAY) == []
    sweep(NOON + 4 * DAY)
    assert demands() == [(7, "cancelled"), (11, "active")]
    assert len(claim("sms", NOON + 4 * DAY + HOUR)) == 1


def test_nor_is_what_has_been_overdue_for_so_long_that_it_is_no_news() -> None:
    make_overdue()
    declare(ends_at=NOON + 21 * DAY)
    sweep(NOON + 24 * DAY)
    assert demands() == [(7, "cancelled")]


def test_what_has_other_figures_is_told_with_these_alone() -> None:
    row = make_overdue()
    declare(ends_at=NOON + DAY)
    Installment.objects.filter(pk=row.pk).update(version=2)
    sweep(NOON + DAY)
    assert list(Prompt.objects.filter(kind="overdue").values_list("stage", "version").order_by("pk")) == [
        (7, 1),
        (7, 2),
    ]


def test_what_was_answered_after_it_was_taken_back_is_not_told_again() -> None:
    make_overdue()
    said = facts(Prompt.objects.get(kind="overdue")).as_json()
    Delivery.objects.filter(channel="sms").update(status="sent", sent_at=NOON, facts=said)
    declare(NOON + HOUR, ends_at=NOON + DAY)
    sent = Delivery.objects.get(channel="sms", facts__isnull=False)
    assert acknowledge_delivery(sent.pk, method="reply", now=NOON + HOUR)
    sweep(NOON + DAY)
    assert demands() == [(7, "cancelled")]


def test_several_that_were_told_together_are_told_together_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demanding_after_outages, "_PIECE", 1)
    loan = make_loan(make_borrower())
    for _one in range(2):
        make_installment(loan, due_on=TODAY - 7 * DAY)
    assert plan_overdue(clock()) == 2
    declare(ends_at=NOON + DAY)
    sweep(NOON + DAY)
    first, second = Prompt.objects.filter(kind="overdue", stage=8).order_by("pk")
    assert (first.told_with_id, second.told_with_id) == (None, first.pk)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_sweep_leaves_to_another_what_that_one_is_at() -> None:
    make_overdue()
    declare(ends_at=NOON + DAY)
    with connect_alone() as another, another.transaction():
        another.execute("SELECT id FROM loans_outage FOR NO KEY UPDATE")
        sweep(NOON + DAY)
        assert demands() == [(7, "cancelled")]
    sweep(NOON + DAY)
    assert demands() == [(7, "cancelled"), (8, "active")]
