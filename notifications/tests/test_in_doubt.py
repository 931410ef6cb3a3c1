"""What a bank says that it booked is not called overdue, also where it cannot be true as it says it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import make_agent
from loans.intake.deciding import match_line
from loans.models import Installment, Payment, StatementLine
from loans.tests.factories import make_bank, make_installment, make_platform
from loans.tests.histories import entry
from loans.tests.intake_files import send_entries
from loans.tests.pushing import about, event, make_key, told
from notifications import tasks
from notifications.alarms import close_by_hand
from notifications.escalation import climb
from notifications.in_doubt import watch_doubted
from notifications.models import AgentTask, Alarm, Delivery, Prompt
from notifications.planning import plan_overdue
from notifications.prior_notice import give_prior_notice
from notifications.tests.factories import claim, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SLIP = "41250.00"
"""For 412.50."""


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)


@pytest.fixture
def bank() -> str:
    """LN-20417 has two periods, the first of 412.50, due yesterday."""
    key = make_key(make_bank())
    today, said = timezone.now().date(), about("loan.opened")["data"]
    schedule = [
        row | {"due_on": (today + days * DAY).isoformat()} for row, days in zip(said["schedule"], (-1, 29), strict=True)
    ]
    day = (today - 40 * DAY).isoformat()
    told("harbour", key, event("loan.opened", said | {"schedule": schedule, "disbursed_on": day}))
    return key


def settled(**said: object) -> dict[str, object]:
    """The booking of the first period, today."""
    return about("payment.settled", **{"paid_on": timezone.now().date().isoformat(), **said})


def overdue() -> int:
    """How many prompts are planned as overdue, by the next noon in Shanghai."""
    noon = timezone.now().replace(hour=4, minute=0, second=0, microsecond=0)
    return plan_overdue(clock(noon if noon > timezone.now() else noon + DAY))


def test_without_a_booking_it_is_called_overdue(bank: str) -> None:
    assert overdue() == 1


@pytest.mark.parametrize(
    "slip",
    [
        {"amount": SLIP},
        {"amount": SLIP, "installment": 9},
        {"paid_on": "2016-01-12"},
        {"paid_on": (timezone.now().date() + 365 * DAY).isoformat()},
    ],
)
def test_a_booking_that_cannot_be_true_is_an_alarm_and_nothing_is_called_overdue_until_it_is_said_right(
    bank: str, slip: dict[str, object]
) -> None:
    told("harbour", bank, settled(**slip))
    assert overdue() == 0
    now = timezone.now()
    assert watch_doubted(now) == watch_doubted(now) == 1
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.facts["loan"]) == ("doubted", "LN-20417")
    told("harbour", bank, settled())
    assert Installment.objects.get(number=1).state == Installment.State.SETTLED
    assert watch_doubted(now) == 0
    assert not Alarm.objects.open().exists()


def test_an_agent_who_closes_the_alarm_lets_it_be_demanded_and_it_is_not_opened_again(bank: str) -> None:
    told("harbour", bank, settled(amount=SLIP))
    now = timezone.now()
    watch_doubted(now)
    close_by_hand(Alarm.objects.get().pk, by=make_agent(), because="The bank booked no such payment.", now=now)
    assert watch_doubted(now) == 0
    assert overdue() == 1


def test_it_holds_the_period_that_it_names_and_no_other(bank: str) -> None:
    told("harbour", bank, settled(amount=SLIP, installment=2))
    assert overdue() == 1


def test_what_the_bank_took_back_holds_nothing_and_neither_does_a_platforms_word(bank: str) -> None:
    platform = make_key(make_platform())
    told("lantern", platform, about("payment.received", amount=SLIP, payment="P-1"))
    told("harbour", bank, settled(amount=SLIP))
    back = settled(amount=SLIP) | {"type": "payment.returned", "id": "e-back"}
    told("harbour", bank, back)
    assert watch_doubted(timezone.now()) == 0
    assert overdue() == 1


def test_what_was_queued_before_waits_and_no_notice_is_given(bank: str) -> None:
    first = Installment.objects.get(number=1)
    make_delivery(make_prompt(first, kind=Prompt.Kind.OVERDUE, stage=1))
    told("harbour", bank, settled(amount=SLIP))
    assert claim("sms", timezone.now()) == []
    notices = give_prior_notice([first.loan], clock(timezone.now() + DAY), days=10)
    assert (notices.given, "may have booked it" in str(notices.refused[0])) == (0, True)
    watch_doubted(timezone.now())
    close_by_hand(Alarm.objects.get().pk, by=make_agent(), because="No such payment.", now=timezone.now())
    assert len(claim("sms", timezone.now())) == 1


def overdue_prompt(**fields: object) -> Prompt:
    """Of the first period, told by SMS, which waits; its ladder is due."""
    now = timezone.now()
    first = Installment.objects.get(number=1)
    prompt = make_prompt(first, kind=Prompt.Kind.OVERDUE, stage=1, look_again_at=now, deadline=now + DAY, **fields)
    make_delivery(prompt, next_attempt_at=now - HOUR)
    return prompt


def test_the_ladder_of_what_a_bank_may_have_waits_and_its_time_stands_still(bank: str) -> None:
    prompt = overdue_prompt()
    began, deadline = prompt.look_again_at, prompt.deadline
    told("harbour", bank, settled(amount=SLIP))
    assert deadline
    for hours in range(40):
        climb(clock(began + hours * HOUR))
    prompt.refresh_from_db()
    assert (prompt.status, prompt.rung) == (Prompt.Status.ACTIVE, 1)
    assert (prompt.look_again_at, prompt.deadline) == (began + 40 * HOUR, deadline + 40 * HOUR)
    assert Delivery.objects.get().next_attempt_at == prompt.look_again_at
    assert not AgentTask.objects.exists()


def test_when_a_doubt_ends_one_message_goes_out_and_the_ladder_waits_for_it(bank: str) -> None:
    prompt = overdue_prompt()
    began = prompt.look_again_at
    told("harbour", bank, settled(amount=SLIP))
    climb(clock(began))
    watch_doubted(timezone.now())
    close_by_hand(Alarm.objects.get().pk, by=make_agent(), because="No such payment.", now=timezone.now())
    assert claim("sms", began + HOUR - timedelta(seconds=1)) == []
    climb(clock(began + HOUR))
    delivery = Delivery.objects.get()
    assert claim("sms", began + HOUR) == [delivery.pk]
    prompt.refresh_from_db()
    assert prompt.look_again_at > began + 2 * HOUR


def test_a_reminder_before_the_due_date_climbs_on_whatever_a_bank_may_have(bank: str) -> None:
    first = Installment.objects.get(number=1)
    now = timezone.now()
    Installment.objects.filter(pk=first.pk).update(due_on=now.date() + 2 * DAY)
    prompt = make_prompt(first, stage=1, look_again_at=now, deadline=now)
    told("harbour", bank, settled(amount=SLIP))
    climb(clock(now))
    assert AgentTask.objects.get().prompt == prompt


def test_a_message_of_which_a_part_may_be_told_climbs_on(bank: str) -> None:
    prompt, other = overdue_prompt(), make_installment(due_on=timezone.now().date() - DAY)
    make_prompt(other, kind=Prompt.Kind.OVERDUE, stage=1, told_with=prompt, borrower=prompt.borrower)
    Prompt.objects.update(deadline=prompt.look_again_at)
    told("harbour", bank, settled(amount=SLIP))
    climb(clock(prompt.look_again_at))
    assert AgentTask.objects.get().prompt == prompt


@pytest.mark.parametrize("kind", [Prompt.Kind.UPCOMING, Prompt.Kind.OVERDUE])
@pytest.mark.parametrize("change", [{"state": "awaiting_bank"}, {"version": 2}])
def test_a_ladder_whose_figures_do_not_hold_any_more_ends(bank: str, kind: str, change: dict[str, object]) -> None:
    prompt = overdue_prompt()
    Prompt.objects.update(kind=kind)
    Installment.objects.filter(number=1).update(**change)
    climb(clock(prompt.look_again_at + 2 * DAY))
    prompt.refresh_from_db()
    assert (prompt.status, prompt.reason) == (Prompt.Status.CANCELLED, "paid or changed meanwhile")
    assert Delivery.objects.get().status == "cancelled"
    assert not AgentTask.objects.exists()


def test_asking_what_holds_ladders_costs_the_same_however_many_there_are(bank: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as ran:
            climb(clock(timezone.now() + 2 * DAY))
        return len(ran)

    overdue_prompt()
    told("harbour", bank, settled(amount=SLIP))
    few = cost()
    first = Installment.objects.get(number=1)
    for stage in (3, 7):
        make_delivery(make_prompt(first, kind=Prompt.Kind.OVERDUE, stage=stage, look_again_at=timezone.now()))
    Prompt.objects.update(look_again_at=timezone.now())
    assert cost() == few


def test_a_line_that_cannot_be_for_its_loan_holds_it_until_an_agent_decides(bank: str) -> None:
    day = timezone.now().date()
    assert send_entries([entry("credit", Decimal(SLIP), day, None, "LN-20417")]).unmatched == 1
    assert overdue() == 0
    assert watch_doubted(timezone.now()) == 0
    second = Installment.objects.get(number=2)
    match_line(line_id=StatementLine.objects.get().pk, installment_id=second.pk, agent=make_agent(), now=timezone.now())
    assert not StatementLine.objects.filter(match="unmatched").exists()
    assert Installment.objects.get(number=1).state == Installment.State.SETTLED


def test_the_watch_costs_the_same_however_many_cannot_be_true(bank: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as ran:
            watch_doubted(timezone.now())
        return len(ran)

    told("harbour", bank, settled(amount=SLIP))
    few = cost()
    for number in range(5):
        told("harbour", bank, settled(amount=SLIP, payment=f"P-{number}"))
    assert cost() == few
    assert Payment.everything.filter(status="doubted").count() == Alarm.objects.open().count() == 6
