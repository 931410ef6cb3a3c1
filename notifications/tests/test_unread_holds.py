"""While what a firm has sent lies unapplied, nothing about its loans is called overdue: it may have been paid."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import ContactPoint
from accounts.tests.factories import make_borrower
from loans.models import OutwardEvent, Partner, Report
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.outward import hear as hear_events
from notifications.escalation import climb
from notifications.halting import waits_for
from notifications.models import AgentTask, Alarm, Delivery, Prompt
from notifications.planning import plan_overdue
from notifications.signatures import reference_of
from notifications.spoken import answer
from notifications.tests.factories import NOON, TODAY, claim, clock, make_delivery, make_prompt
from notifications.tests.firms import make_rule
from notifications.to_tell import what_to_tell
from notifications.unread import watch_unread

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def lie_unread(partner: Partner, since: Any = NOON - 6 * MINUTE) -> Report:
    report = Report.objects.create(
        partner=partner, kind="events", name="x", content=b"x", digest=f"{partner.pk:064x}", received_at=since
    )
    watch_unread(NOON)
    return report


@pytest.fixture
def overdue() -> Delivery:
    return make_delivery(make_prompt(kind="overdue", stage=1))


@pytest.mark.parametrize("make_partner", [make_bank, make_platform])
@pytest.mark.parametrize("kind", ["overdue", "prior_notice"])
def test_what_demands_waits_and_goes_out_once_all_is_applied(kind: str, make_partner: Any) -> None:
    delivery = make_delivery(make_prompt(kind=kind, stage=1))
    report = lie_unread(make_partner())
    assert claim("sms") == []
    Report.objects.filter(pk=report.pk).update(status="applied")
    watch_unread(NOON)
    assert claim("sms") == [delivery.pk]


def test_a_reminder_goes_out(overdue: Delivery) -> None:
    """Better told of what is paid than not told of what is due."""
    reminder = make_delivery(make_prompt(overdue.prompt.installment, stage=0))
    lie_unread(make_bank())
    assert claim("sms") == [reminder.pk]


def test_so_does_what_is_about_the_loans_of_others(overdue: Delivery) -> None:
    lie_unread(Partner.objects.create(code="elsewhere", kind=Partner.Kind.BANK, name="Elsewhere Bank"))
    assert claim("sms") == [overdue.pk]


def test_what_was_sent_a_minute_ago_holds_nothing(overdue: Delivery) -> None:
    lie_unread(make_bank(), NOON - MINUTE)
    assert claim("sms") == [overdue.pk]


def test_its_ladder_waits_with_it_and_no_person_is_asked(overdue: Delivery) -> None:
    Prompt.objects.update(look_again_at=NOON)
    lie_unread(make_bank())
    climb(clock())
    prompt = Prompt.objects.get()
    assert (prompt.status, prompt.look_again_at > NOON) == ("active", True)


def test_it_goes_out_as_soon_as_all_is_applied(overdue: Delivery) -> None:
    Prompt.objects.update(look_again_at=NOON)
    report = lie_unread(make_bank())
    climb(clock())
    Report.objects.filter(pk=report.pk).update(status="applied")
    watch_unread(NOON)
    assert claim("sms") == [overdue.pk]


def test_nothing_of_it_is_planned_and_no_firm_is_asked_to_demand_it() -> None:
    make_rule(kind="overdue")
    hear_events(make_bank())
    make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)
    report = lie_unread(make_bank())
    assert plan_overdue(clock()) == 0
    assert not OutwardEvent.objects.filter(kind="prompt.due_to_send").exists()
    Report.objects.filter(pk=report.pk).update(status="applied")
    watch_unread(NOON)
    assert plan_overdue(clock()) == 1


def test_nor_is_one_asked_of_whom_no_channel_reaches() -> None:
    prompt = make_prompt(kind="overdue", stage=1, look_again_at=NOON)
    ContactPoint.objects.all().delete()
    lie_unread(make_bank())
    climb(clock())
    prompt.refresh_from_db()
    assert (prompt.status, AgentTask.objects.count()) == ("active", 0)


@pytest.mark.parametrize(("kind", "held"), [("overdue", "unread"), ("upcoming", "")])
def test_a_person_who_has_the_task_reads_that_it_waits(kind: str, held: str) -> None:
    prompt = make_prompt(kind=kind, stage=1, status="escalated")
    task = AgentTask.objects.create(
        borrower=prompt.borrower, prompt=prompt, kind="unreachable", reason="x", act_by=NOON, created_at=NOON
    )
    lie_unread(make_bank())
    [one] = what_to_tell([task], now=NOON)[task.pk]
    assert one.held_by == held


def test_a_call_that_rings_says_nothing() -> None:
    call = make_delivery(make_prompt(kind="overdue", stage=1), "voice", status="sent", sent_at=NOON)
    lie_unread(make_bank())
    assert answer(reference_of(call.pk), now=NOON) is None


def test_an_agent_reads_for_whom_it_waits(overdue: Delivery) -> None:
    assert waits_for(overdue.prompt) is None
    lie_unread(make_bank())
    assert waits_for(overdue.prompt) == make_bank()
    assert Alarm.objects.open().get().facts["partner"] == make_bank().pk
