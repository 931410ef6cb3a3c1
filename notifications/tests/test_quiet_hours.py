"""Whatever the reason that something is sent late, it does not ring at night."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifications import dispatch
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery, make_prompt

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


def test_what_has_to_be_known_before_the_morning_goes_out() -> None:
    delivery = make_delivery(make_prompt(deadline=NIGHT + timedelta(hours=2)), Delivery.Channel.IN_APP)
    late = make_prompt(delivery.prompt.installment, stage=1, deadline=NIGHT + timedelta(hours=2))
    sms = make_delivery(late)
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
    delivery = make_delivery(make_prompt(kind=kind, stage=1, deadline=MORNING - timedelta(hours=1)))
    dispatch.dispatch("sms", clock=lambda: NIGHT)
    delivery.refresh_from_db()
    assert (delivery.status == Status.RETRYING and delivery.next_attempt_at == MORNING) == held
