"""Whatever the reason that something is sent late, it does not ring at night."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch
from notifications.clock import Clock
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.states import Status
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 22, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("kind", [Prompt.Kind.UPCOMING, Prompt.Kind.PAYMENT_SETTLED])
def test_what_is_claimed_at_night_waits_for_the_morning_and_costs_no_attempt(kind: Prompt.Kind) -> None:
    delivery = make_delivery(make_prompt(kind=kind))
    assert dispatch.dispatch("sms", clock=lambda: NIGHT) == 0
    delivery.refresh_from_db()
    assert (delivery.status, delivery.next_attempt_at, delivery.attempts) == (Status.RETRYING, MORNING, 0)
    assert delivery.held_by.startswith("cn/service/hours/")
    assert NoticeEvent.objects.get(delivery_id=delivery.pk).kind == NoticeEvent.Kind.HELD


def due(days: int) -> Installment:
    return make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=days))


def test_what_has_to_be_known_before_the_due_day_is_over_goes_out() -> None:
    sms = make_delivery(make_prompt(due(0), stage=0))
    dispatch.dispatch("sms", clock=lambda: NIGHT)
    sms.refresh_from_db()
    assert sms.held_by == ""


def test_what_lies_in_the_portal_disturbs_nobody() -> None:
    make_delivery(channel=Delivery.Channel.IN_APP)
    assert dispatch.dispatch("in_app", clock=lambda: NIGHT) == 1
    assert NIGHT > NOON


@pytest.mark.parametrize(
    ("kind", "held"), [(Prompt.Kind.OVERDUE, True), (Prompt.Kind.PRIOR_NOTICE, True), (Prompt.Kind.UPCOMING, False)]
)
def test_only_what_has_a_due_date_to_save_leaves_at_night(kind: Prompt.Kind, held: bool) -> None:
    delivery = make_delivery(make_prompt(due(0), kind=kind, stage=1))
    dispatch.dispatch("sms", clock=lambda: NIGHT)
    delivery.refresh_from_db()
    assert (delivery.status == Status.RETRYING and delivery.next_attempt_at == MORNING) == held


class TestAnEveningIntake:
    """A file comes shortly before the hours close, and its queue is not through by then."""

    EVENING = datetime(2026, 11, 22, 21, 50, tzinfo=ZoneInfo("Asia/Shanghai"))

    @pytest.mark.parametrize("minutes", [11, 50, 115])
    def test_of_what_is_due_tomorrow_waits_for_the_morning_of_the_due_day(self, minutes: int) -> None:
        due(1)
        plan_upcoming(Clock.at(self.EVENING))
        late = self.EVENING + timedelta(minutes=minutes)
        dispatch.dispatch("sms", clock=lambda: late)
        delivery = Delivery.objects.get(channel="sms")
        assert (delivery.status, delivery.next_attempt_at) == (Status.RETRYING, MORNING)

    def test_of_what_is_due_tomorrow_goes_to_nobody_in_the_night(self) -> None:
        due(1)
        plan_upcoming(Clock.at(self.EVENING))
        for minutes in range(0, 10 * 60, 20):
            climb(Clock.at(self.EVENING + timedelta(minutes=minutes)))
        assert not AgentTask.objects.exists()
        assert not Delivery.objects.filter(next_attempt_at__gt=self.EVENING, next_attempt_at__lt=MORNING).exists()

    def test_of_what_is_due_today_goes_out_all_the_same(self) -> None:
        due(0)
        plan_upcoming(Clock.at(self.EVENING))
        dispatch.dispatch("sms", clock=lambda: self.EVENING + timedelta(minutes=11))
        assert Delivery.objects.get(channel="sms").held_by == ""


def test_nothing_is_told_at_night_once_the_due_day_is_over() -> None:
    due(0)
    evening, past_midnight = NIGHT - timedelta(minutes=45), NIGHT + timedelta(minutes=35)
    plan_upcoming(Clock.at(evening))
    Delivery.objects.filter(channel="sms").update(status=Status.FAILED)
    Prompt.objects.update(look_again_at=past_midnight)
    climb(Clock.at(past_midnight))
    assert not Delivery.objects.filter(channel="email", next_attempt_at__lt=MORNING).exists()
