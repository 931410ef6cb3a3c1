"""A task says when its borrower may be called, on their clock, and shows no number outside of contact hours."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.agent_tasks import finish
from notifications.calling import may_be_called
from notifications.models import AgentTask, NoticeEvent, Prompt
from notifications.tests.factories import NOON, TODAY, clock, make_prompt
from notifications.tests.written import task_about_texts
from portal.tests.desk import (
    World,
    desk_of,
    make_desk_agent,
    make_world,
    reveal_address,
    said,
    take_address,
    task_page,
)

pytestmark = pytest.mark.django_db
TASKS = "admin:notifications_agenttask_changelist"
NIGHT = NOON + timedelta(hours=11)
"""Eleven in the evening in Shanghai."""


@pytest.fixture
def night() -> Iterator[None]:
    with time_machine.travel(NIGHT, tick=False):
        yield


@pytest.fixture
def world(night: None) -> World:
    return make_world()


@pytest.fixture
def agent(night: None) -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


def test_outside_of_contact_hours_no_number_is_shown(desk: Client, world: World) -> None:
    desk.post(take_address(world.task))
    page = desk.get(task_page(world.task)).content.decode()
    assert reveal_address(world.task) not in page
    assert "not to be called now (08:00-22:00)" in page
    assert "Again from Mon 23 November, 08:00" in page
    refused = desk.post(reveal_address(world.task), {"at_odd_hour": "1"}, follow=True)
    assert "outside of contact hours" in said(refused)
    assert str(world.borrower.phone) not in refused.content.decode()
    assert not NoticeEvent.objects.filter(kind="revealed").exists()


def test_within_them_the_page_says_their_hour_and_language(desk: Client, world: World) -> None:
    with time_machine.travel(NOON, tick=False):
        page = desk.get(task_page(world.task)).content.decode()
    assert "may be called now (08:00-22:00)" in page
    assert "It is Sun 22 November, 12:00 for them (Asia/Shanghai)." in page
    assert f"They read {world.borrower.get_locale_display()}." in page


def test_nothing_is_red_while_nobody_may_be_called(desk: Client, world: World) -> None:
    """Its time to act ended at the close of contact hours."""
    AgentTask.objects.update(act_by=NIGHT - timedelta(hours=1))
    pages = [reverse(TASKS), task_page(world.task)]
    assert [page for page in pages if "chip danger" in _of_the_task(desk, page)] == []
    late = desk.get(reverse("admin:index")).context["now"].queues[2].numbers[1]
    assert (late.count, late.tone) == (1, "")
    with time_machine.travel(NIGHT + timedelta(hours=12), tick=False):
        assert [page for page in pages if "chip danger" in _of_the_task(desk, page)] == pages
        assert desk.get(reverse("admin:index")).context["now"].queues[2].numbers[1].tone == "danger"


def _of_the_task(desk: Client, page: str) -> str:
    """Without what is said of addresses that lead nowhere."""
    return desk.get(page).content.decode().replace('<span class="chip danger">unreachable</span>', "")


def test_what_lies_with_firms_is_late_at_any_hour(desk: Client, world: World) -> None:
    AgentTask.objects.all().delete()
    AgentTask.objects.create(
        borrower=world.borrower, installment=world.installment, kind="still_waiting", act_by=NOON, created_at=NOON,
        reason="the bank does not show what the platform has seen",
    )  # fmt: skip
    assert "chip danger" in desk.get(reverse(TASKS)).content.decode()


def test_who_wrote_may_be_answered_at_night_after_a_second_press_which_is_on_record(
    desk: Client, agent: User, world: World
) -> None:
    task, phone = task_about_texts(world.borrower, now=NIGHT), str(world.borrower.phone)
    desk.post(take_address(task))
    first = desk.post(reveal_address(task)).content.decode()
    assert phone not in first
    assert 'name="at_odd_hour"' in first
    assert phone in desk.post(reveal_address(task), {"at_odd_hour": "1"}).content.decode()
    event = NoticeEvent.objects.get(kind="revealed")
    assert event.data == {"task": task.pk, "why": "outside of contact hours, since they wrote"}


def test_the_list_is_narrowed_down_to_whom_one_may_call_now(desk: Client, world: World) -> None:
    """At eleven in the evening in Shanghai it is ten in the morning in New York."""
    american = make_borrower(jurisdiction="us", time_zone="America/New_York")
    prompt = make_prompt(make_installment(make_loan(american), due_on=TODAY), status=Prompt.Status.ESCALATED)
    task = AgentTask.objects.create(
        borrower=american, prompt=prompt, kind="unreachable", reason="x", act_by=NIGHT, created_at=NIGHT
    )
    response = desk.get(reverse(TASKS), {"standing": "now"})
    assert list(response.context["cl"].result_list) == [task]
    assert "now 10:00" in response.content.decode()


@pytest.mark.parametrize(("now", "both"), [(NOON, 2), (NIGHT, 0)])
def test_tasks_about_no_prompt_are_among_them(world: World, now: datetime, both: int) -> None:
    task_about_texts(world.borrower, now=NIGHT)
    assert AgentTask.objects.open().filter(may_be_called(clock(now))).count() == both


def test_the_page_says_what_a_cap_says_of_calling(desk: Client) -> None:
    """Whom an agent has spoken with is not called again for a week, under the law of the United States."""
    american = make_borrower(jurisdiction="us", time_zone="America/New_York")
    row = make_installment(make_loan(american), due_on=TODAY - timedelta(days=3))
    prompts = [make_prompt(row, kind=Prompt.Kind.OVERDUE, stage=stage, status="escalated") for stage in (1, 3)]
    first, second = (
        AgentTask.objects.create(
            borrower=american, prompt=prompt, kind="unreachable", reason="x", act_by=NIGHT, created_at=NOON
        )
        for prompt in prompts
    )
    assert "no call for now" not in desk.get(task_page(second)).content.decode()
    finish(task_id=first.pk, agent=make_desk_agent(), outcome="told", note="x", now=NIGHT)
    page = desk.get(task_page(second)).content.decode()
    assert "no call for now" in page
    assert "Again from Sun 29 November, 08:00" in page
    assert "collection by call not within 7 days of a conversation" in page
