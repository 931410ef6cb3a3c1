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
from loans.tests.factories import make_bank, make_platform
from loans.tests.histories import entry
from loans.tests.intake_files import send_entries
from loans.tests.pushing import about, event, make_key, told
from notifications import tasks
from notifications.alarms import close_by_hand
from notifications.in_doubt import watch_doubted
from notifications.models import Alarm, Prompt
from notifications.planning import plan_overdue
from notifications.prior_notice import give_prior_notice
from notifications.tests.factories import claim, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SLIP = "41250.00"
"""For 412.50."""


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    monkeypatch.setattr(tasks.plan, "delay", lambda: None)


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
