"""What is demanded again after a rejected dispute or another hold, where a firm has to send what is overdue."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.tests.factories import make_borrower
from loans.models import Installment, Outage, OutageHold, OutwardEvent, Partner
from loans.tests import positions
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.outward import hear as hear_events
from loans.waiting import stop_waiting
from notifications import tasks
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, Duty, LeadPlan, Prompt
from notifications.planning import plan_overdue
from notifications.receivers import follow_schedule
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, TODAY, claim, clock
from notifications.tests.firms import HOUR, duty_of, make_rule, report, statuses
from notifications.tests.test_demanding_again import DAY, decided, demands, dispute, make_overdue

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 12, 1, 8, 0, tzinfo=SHANGHAI)
"""The one after a decision of 30 November, sixteen days after the due date of what was overdue for seven."""
DECIDED = NOON + 8 * DAY
APPLIED = ("applied", "")
Status = Duty.Status


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)


@pytest.fixture(autouse=True)
def bank() -> Partner:
    """Has to send what is overdue, and hears of it."""
    make_rule(kind="overdue")
    hear_events(make_bank())
    return make_bank()


def again() -> Prompt:
    """What is demanded again."""
    return Prompt.objects.get(kind="overdue", stage=16)


def say(row: Installment, at: datetime, **data: Any) -> tuple[str, str]:
    return report(row, at=at, kind="overdue", **data)


def test_its_firm_has_its_time_from_the_morning_after_the_decision_on() -> None:
    decided(dispute(make_overdue(7)))
    duty = duty_of(again())
    assert (duty.status, duty.responsible.code, duty.needs_proof) == (Status.WAITING, "harbour", True)
    assert duty.report_by == duty.portal_at == duty.due_at == again().tell_at == MORNING + 4 * HOUR
    held = set(Delivery.objects.filter(prompt=again()).values_list("channel", "next_attempt_at", "held_by"))
    assert held == {(channel, MORNING + 4 * HOUR, "firm:harbour") for channel in ("sms", "in_app")}
    assert claim("sms", MORNING + 4 * HOUR - timedelta(seconds=1)) == []


def test_its_firm_hears_with_the_decision_that_it_is_its_turn() -> None:
    decided(dispute(make_overdue(7)))
    turn = OutwardEvent.objects.filter(kind="prompt.due_to_send").latest("pk")
    said = {name: turn.data[name] for name in ("prompt", "kind", "stage", "report_by", "needs_proof")}
    by = datetime.fromisoformat(said.pop("report_by"))
    assert said == {"prompt": again().pk, "kind": "overdue", "stage": 16, "needs_proof": True}
    assert (turn.occurred_at, by) == (DECIDED, MORNING + 4 * HOUR)


@pytest.mark.parametrize("said", [{"stage": 16}, {}])
@pytest.mark.parametrize("at", [DECIDED + HOUR, MORNING + HOUR])
def test_what_its_firm_tells_from_then_on_ends_it_as_told_by_that_firm(at: datetime, said: dict[str, int]) -> None:
    row = make_overdue(7)
    decided(dispute(row))
    assert say(row, at, prompt=again().pk, proof="delivered", **said) == APPLIED
    assert (again().status, duty_of(again()).status) == (Prompt.Status.FIRM_TOLD, Status.MET)
    assert statuses(again()) == {"cancelled"}


def test_the_portal_sends_it_where_its_firm_keeps_silent() -> None:
    decided(dispute(make_overdue(7)))
    assert take_over(MORNING + 4 * HOUR) == 1
    assert (duty_of(again()).status, duty_of(again()).why_late) == (Status.TAKEN_OVER, "silent")
    assert len(claim("sms", MORNING + 4 * HOUR)) == 1


def test_whom_no_channel_reaches_is_with_a_person_once_the_time_of_its_firm_is_over() -> None:
    decided(dispute(make_overdue(7, phone=False, email=False)))
    climb(clock(MORNING + 4 * HOUR - timedelta(seconds=1)))
    with_a_person = AgentTask.objects.open().filter(prompt__kind="overdue")
    assert not with_a_person.exists()
    climb(clock(MORNING + 4 * HOUR))
    assert with_a_person.get().prompt == again()


def test_a_firm_gets_at_most_half_of_the_time_until_a_person_takes_over() -> None:
    make_rule(kind="overdue", hours=12, backup="platform", backup_hours=12, valid_from=NOON)
    decided(dispute(make_overdue(7)))
    duty = duty_of(again())
    assert (duty.report_by, duty.portal_at) == (MORNING + 6 * HOUR, MORNING + 12 * HOUR)
    assert again().deadline == MORNING + DAY


def test_the_rule_of_the_decisions_day_holds_and_not_that_of_the_stage_before() -> None:
    row = make_overdue(7)
    make_rule("portal", kind="overdue", valid_from=NOON + DAY)
    decided(dispute(row))
    assert again().tell_at == MORNING
    assert not Duty.objects.filter(prompt=again()).exists()


def test_each_period_that_falls_due_on_a_day_of_its_own_is_its_firms_to_tell() -> None:
    LeadPlan.objects.create(partner=make_bank(), upcoming="7,0", overdue="1")
    row = make_overdue(7)
    make_installment(row.loan, due_on=TODAY - 3 * DAY, number=2)
    assert plan_overdue(clock()) == 1
    decided(dispute(row, whole_loan=True))
    waiting = Duty.objects.filter(status=Status.WAITING).order_by("pk")
    assert list(waiting.values_list("prompt__stage", "portal_at")) == [
        (16, MORNING + 4 * HOUR),
        (12, MORNING + 4 * HOUR),
    ]


def test_two_periods_of_one_day_are_held_together() -> None:
    row = make_overdue(7)
    make_installment(row.loan, due_on=TODAY - 7 * DAY, number=2)
    assert plan_overdue(clock()) == 1
    decided(dispute(row, whole_loan=True))
    first, second = Prompt.objects.filter(kind="overdue", stage=16).order_by("pk")
    assert (first.told_with, second.told_with) == (None, first)
    assert Duty.objects.filter(status=Status.WAITING).count() == 2
    assert claim("sms", MORNING + HOUR) == []


@pytest.mark.parametrize("at", [2 * HOUR, 7 * DAY])
def test_what_its_firm_told_before_and_calls_delivered_later_is_not_demanded_again(at: timedelta) -> None:
    row = make_overdue(7)
    assert say(row, NOON + HOUR / 2, proof="accepted", stage=7) == APPLIED
    about = dispute(row)
    heard = say(row, NOON + at, sent_at=(NOON + HOUR / 2).isoformat(), proof="delivered", stage=7)
    assert heard == ("kept", "too_late")
    decided(about)
    assert demands() == [(7, "cancelled")]


def test_what_its_firm_told_in_time_is_not_demanded_again() -> None:
    row = make_overdue(7)
    assert say(row, NOON + HOUR / 2, proof="delivered") == APPLIED
    decided(dispute(row))
    assert demands() == [(7, "firm_told")]


def test_what_was_only_sent_before_is_demanded_again_by_the_firm() -> None:
    row = make_overdue(7)
    assert say(row, NOON + HOUR / 2, proof="accepted") == APPLIED
    decided(dispute(row))
    assert demands() == [(7, "cancelled"), (16, "active")]
    assert duty_of(again()).telling is None


def test_so_is_what_the_firm_called_delivered_and_later_not() -> None:
    row = make_overdue(7)
    about, sent = dispute(row), (NOON + HOUR / 2).isoformat()
    say(row, NOON + 2 * HOUR, sent_at=sent, proof="delivered")
    say(row, NOON + 3 * HOUR, sent_at=sent, proof="failed")
    decided(about)
    assert duty_of(again()).status == Status.WAITING


def test_another_dispute_lets_the_firm_off() -> None:
    row = make_overdue(7)
    decided(dispute(row))
    dispute(row)
    assert (again().status, duty_of(again()).status) == (Prompt.Status.CANCELLED, Status.VOID)
    assert OutwardEvent.objects.filter(kind="prompt.withdrawn").latest("pk").data["prompt"] == again().pk


def test_what_an_outage_had_held_is_its_firms_to_tell_when_that_is_over() -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY - 7 * DAY)
    outage = Outage.objects.create(partner=make_bank(), starts_at=NOON, declared_at=NOON, reason="Down.")
    OutageHold.objects.create(outage=outage, installment=row, since=NOON, held_until=NOON + HOUR)
    assert plan_overdue(clock()) == 0
    assert plan_overdue(clock(NOON + HOUR)) == 1
    assert Duty.objects.get().portal_at == NOON + 5 * HOUR


def test_so_is_what_is_owed_again_since_an_agent_gave_up_waiting_for_the_bank() -> None:
    row = make_overdue(7)
    positions.say(row, make_bank(), Decimal(0), now=NOON)
    positions.say(row, make_platform(), Decimal(100), now=NOON + HOUR)
    follow_schedule([row.pk])
    with time_machine.travel(NOON + 2 * HOUR, tick=False):
        assert stop_waiting(row.pk, now=NOON + 2 * HOUR)
    assert plan_overdue(clock(NOON + 2 * HOUR)) == 1
    assert Duty.objects.latest("pk").portal_at == NOON + 6 * HOUR
    assert list(Duty.objects.order_by("pk").values_list("status", flat=True)) == [Status.VOID, Status.WAITING]
