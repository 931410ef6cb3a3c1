"""Money that comes back on its due day, or just before: whom no channel tells of it is with a person in time."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.tests.factories import make_borrower
from loans import signals
from loans.models import Installment, Payment
from loans.tests.factories import make_installment, make_loan
from notifications import tasks
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, Prompt
from notifications.planning import plan_payments
from notifications.tests.factories import clock

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


def send_back(due_on: date, when: datetime, *, named: bool = True, state: str = "open") -> Prompt:
    """A payment for an installment due on that day, whose borrower has a phone and an email; what is planned of it."""
    row = make_installment(make_loan(make_borrower()), due_on=due_on, state=state)
    payment = Payment.objects.create(
        loan=row.loan,
        installment=row if named else None,
        amount=Decimal(100),
        currency="CNY",
        status="returned",
        paid_on=due_on,
    )
    with time_machine.travel(when, tick=False):
        signals.payments_returned.send(sender=None, payment_ids=[payment.pk])
    return Prompt.objects.get()


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("hour", [9, 12, 15, 18])
def test_who_answers_nowhere_is_with_a_person_who_can_act_before_the_day_is_over(hour: int, named: bool) -> None:
    came_back = at(TUESDAY, hour)
    send_back(TUESDAY, came_back, named=named)
    for quarters in range((24 - hour) * 4):
        climb(clock(came_back + quarters * HOUR / 4))
        Delivery.objects.filter(status="queued").update(status="sent", sent_at=came_back + quarters * HOUR / 4)
    assert list(Delivery.objects.exclude(channel="in_app").order_by("pk").values_list("channel", flat=True)) == [
        "email",
        "sms",
    ]
    task = AgentTask.objects.get()
    assert came_back < task.created_at < task.act_by < at(TUESDAY + DAY, 0)


@pytest.mark.parametrize(
    ("due_on", "came_back", "deadline"),
    [
        (TUESDAY, at(TUESDAY, 9), at(TUESDAY, 12)),
        (TUESDAY, at(TUESDAY, 15), at(TUESDAY, 17)),
        (TUESDAY, at(TUESDAY, 3), at(TUESDAY, 12)),
        (TUESDAY, at(TUESDAY - DAY, 23), at(TUESDAY, 12)),
        (TUESDAY, at(TUESDAY - DAY, 15), at(TUESDAY - DAY, 17)),
        (TUESDAY, at(TUESDAY - 2 * DAY, 15), at(TUESDAY - DAY, 12)),
        (TUESDAY - DAY, at(TUESDAY - 4 * DAY, 15), at(TUESDAY - 4 * DAY, 17)),
        (TUESDAY, at(TUESDAY - 4 * DAY, 15), None),
        (TUESDAY, at(TUESDAY, 23), None),
        (TUESDAY, at(TUESDAY + DAY, 9), None),
    ],
    ids=[
        "noon of the due day",
        "two hours at least",
        "held by the night, and still before noon",
        "held by the night before",
        "the day before",
        "noon of the last working day",
        "the weekend lies between",
        "there is time, and a later stage",
        "the day is over when it may be told",
        "overdue",
    ],
)
def test_its_deadline_is_that_of_the_due_day(due_on: date, came_back: datetime, deadline: datetime | None) -> None:
    assert send_back(due_on, came_back).deadline == deadline


@pytest.mark.parametrize("state", ["awaiting_bank", "withdrawn"])
def test_what_is_not_owed_is_told_to_nobody(state: str) -> None:
    with pytest.raises(Prompt.DoesNotExist):
        send_back(TUESDAY, at(TUESDAY, 9), state=state)


def test_other_news_of_payments_have_no_deadline() -> None:
    prompt = send_back(TUESDAY, at(TUESDAY, 9))
    Payment.objects.update(status="settled")
    assert plan_payments(Prompt.Kind.PAYMENT_SETTLED, [prompt.payment_id or 0], clock(at(TUESDAY, 9))) == 1
    assert Prompt.objects.get(kind="payment_settled").deadline is None


def test_without_a_due_day_to_save_a_person_gets_the_working_day() -> None:
    overdue = at(TUESDAY + 2 * DAY, 9)
    prompt = send_back(TUESDAY, overdue)
    for _rung in range(3):
        Delivery.objects.update(status="failed")
        Prompt.objects.filter(pk=prompt.pk).update(look_again_at=overdue)
        climb(clock(overdue))
    assert AgentTask.objects.get().act_by == at(TUESDAY + 2 * DAY, 22)
    assert Installment.objects.get().due_on == TUESDAY
