"""After a downtime senders and ladders may be at work before the planner: what time has passed by is neither sent nor
given to a person.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan, make_platform
from notifications.dispatch import dispatch
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, LeadPlan, NoticeEvent, Prompt
from notifications.passed_by import OVERTAKEN
from notifications.placing import place
from notifications.planning import plan_overdue, plan_upcoming
from notifications.resending import CannotResendError, resend
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt, word_these
from notifications.tests.providers import Answer, run_provider

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNING = NOON - 3 * HOUR
"""Nine in Shanghai."""
Work = Callable[[datetime], object]


def due(days: int, **fields: str) -> Installment:
    row = make_installment(make_loan(make_borrower(), **fields), due_on=TODAY + days * DAY)
    Installment.objects.filter(pk=row.pk).update(known_at=NOON - 60 * DAY)
    return row


@pytest.fixture(autouse=True)
def _kannel(settings: Settings) -> Iterator[None]:
    with run_provider(lambda _asked: Answer(202, "0: Accepted for delivery")) as kannel:
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        yield


def send(now: datetime) -> None:
    dispatch("sms", clock=lambda: now)


def stages_sent() -> list[int]:
    sent = Delivery.objects.filter(channel="sms", sent_at__isnull=False)
    return list(sent.values_list("prompt__stage", flat=True))


def look(now: datetime) -> None:
    climb(clock(now))


@pytest.mark.parametrize("first", [send, look])
@pytest.mark.parametrize(("days", "later", "stages"), [(1, 1, (1, 0)), (7, 4, (7, 3)), (3, 3, (3, 0))])
def test_after_a_downtime_the_stage_of_today_alone_is_told(
    first: Work, days: int, later: int, stages: tuple[int, int]
) -> None:
    due(days)
    plan_upcoming(clock(MORNING))
    back = MORNING + later * DAY
    Prompt.objects.update(look_again_at=MORNING)
    first(back)
    plan_upcoming(clock(back))
    send(back + HOUR / 60)
    look(back + HOUR / 60)
    assert not AgentTask.objects.exists()
    assert list(
        Delivery.objects.filter(channel="sms", sent_at__isnull=False).values_list("prompt__stage", flat=True)
    ) == [stages[1]]
    assert NoticeEvent.objects.filter(kind="skipped", data={"stage": stages[0], "reason": OVERTAKEN}).count() == 1
    assert [one.status for one in Prompt.objects.order_by("pk")] == ["cancelled", "active"]


@pytest.mark.parametrize("first", [send, look])
def test_so_is_it_of_what_is_overdue(first: Work) -> None:
    due(-1)
    plan_overdue(clock(MORNING))
    Prompt.objects.update(look_again_at=MORNING)
    back = MORNING + 2 * DAY
    first(back)
    plan_overdue(clock(back))
    send(back + HOUR / 60)
    assert list(
        Delivery.objects.filter(channel="sms", sent_at__isnull=False).values_list("prompt__stage", flat=True)
    ) == [3]
    assert not AgentTask.objects.exists()


def test_what_lay_in_the_portal_unplaced_is_not_placed_any_more() -> None:
    due(1)
    plan_upcoming(clock(MORNING))
    place(clock=lambda: MORNING + DAY, longest=60)
    assert Delivery.objects.get(channel="in_app").status == "failed"


def test_one_that_arrived_counts_as_told() -> None:
    due(1)
    plan_upcoming(clock(MORNING))
    Delivery.objects.filter(channel="sms").update(status="delivered", sent_at=MORNING, delivered_at=MORNING)
    Prompt.objects.update(look_again_at=MORNING)
    look(MORNING + DAY)
    assert Prompt.objects.get().status == "told"


@pytest.mark.parametrize(("upcoming", "goes"), [("7,3,1,0", False), ("7,0", True), ("7,5,0", False), ("30,0", True)])
def test_the_leads_are_those_of_the_loan(upcoming: str, goes: bool) -> None:
    LeadPlan.objects.create(partner=make_platform(), product="Kitchen", upcoming=upcoming)
    prompt = make_prompt(due(3, product="Kitchen"), stage=7)
    sms = make_delivery(prompt)
    worded, steps = word_these([sms.pk], now=NOON)
    assert (len(worded), [step.reason for step in steps]) == ((1, []) if goes else (0, [OVERTAKEN]))


@pytest.mark.parametrize(("overdue", "goes"), [("1,3,7", False), ("1,7", True), ("10", True)])
def test_and_so_are_the_stages_of_what_is_overdue(overdue: str, goes: bool) -> None:
    LeadPlan.objects.create(partner=make_platform(), overdue=overdue)
    sms = make_delivery(make_prompt(due(-4), kind=Prompt.Kind.OVERDUE, stage=1))
    worded, _steps = word_these([sms.pk], now=NOON)
    assert len(worded) == int(goes)


def test_a_stage_of_the_day_that_it_is_costs_no_query() -> None:
    rows = [make_delivery(make_prompt(due(3), stage=3)).pk for _ in range(3)]
    with CaptureQueriesContext(connection) as ran:
        assert len(word_these(rows, now=NOON)[0]) == 3
    assert not any("notifications_leadplan" in one["sql"] for one in ran)


def test_an_agent_does_not_send_again_what_a_later_stage_has_followed() -> None:
    prompt = make_prompt(due(1), stage=3, status=Prompt.Status.TOLD)
    with pytest.raises(CannotResendError, match="not so any more"):
        resend(prompt_id=prompt.pk, channel="sms", agent=make_agent(), now=NOON)


def test_nor_where_it_names_several_payments() -> None:
    prompt = make_prompt(due(1), stage=3, status=Prompt.Status.TOLD)
    make_prompt(due(1), stage=3, status=Prompt.Status.TOLD, told_with=prompt)
    with pytest.raises(CannotResendError, match="not so any more"):
        resend(prompt_id=prompt.pk, channel="sms", agent=make_agent(), now=NOON)


def test_news_are_of_no_day() -> None:
    prompt = make_prompt(due(1), kind=Prompt.Kind.SCHEDULE_CHANGED, stage=0)
    assert len(word_these([make_delivery(prompt).pk], now=NOON + 30 * DAY)[0]) == 1
