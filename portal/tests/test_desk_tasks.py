"""The queue of those whom nothing reached: by what runs out first, one agent a task."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import User
from accounts.tests.factories import make_agent
from notifications.models import AgentTask, NoticeEvent, Prompt
from notifications.tests.factories import NOON
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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
CONFLICT = 409
TASKS = "admin:notifications_agenttask_changelist"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


def test_the_queue_is_in_the_order_of_what_runs_out(desk: Client) -> None:
    later, late, soon = (make_world().task for _place in range(3))
    for task, hours in ((later, 9), (late, -2), (soon, 1)):
        AgentTask.objects.filter(pk=task.pk).update(act_by=now() + timedelta(hours=hours))
    response = desk.get(reverse(TASKS))
    assert list(response.context["cl"].result_list) == [late, soon, later]
    page = response.content.decode()
    assert [words for words in ("late by 2 h", "in 59 min", "in 8 h") if words not in page] == []
    assert "¥100.00 due 25 Nov" in page
    assert list(desk.get(reverse(TASKS), {"standing": "late"}).context["cl"].result_list) == [late]


@pytest.mark.parametrize(("year", "provisional"), [(2026, False), (2090, True)])
def test_a_task_says_that_the_holidays_of_its_year_are_not_decreed_yet(
    desk: Client, world: World, year: int, provisional: bool
) -> None:
    AgentTask.objects.filter(pk=world.task.pk).update(act_by=NOON.replace(year=year))
    said_so = f"The holidays of {year} are provisional" in desk.get(task_page(world.task)).content.decode()
    assert said_so == provisional


def test_who_gives_notice_before_a_report_in_person_is_shown_the_day_to_name(desk: Client, world: World) -> None:
    words = "First day of a report"
    assert words not in desk.get(task_page(world.task)).content.decode()
    Prompt.objects.filter(agent_tasks=world.task).update(kind=Prompt.Kind.PRIOR_NOTICE, stage=10)
    page = desk.get(task_page(world.task)).content.decode()
    assert words in page
    assert "2 December" in page or "2 Dec" in page


def test_a_free_task_is_taken_from_the_list(desk: Client, agent: User, world: World) -> None:
    assert f'formaction="{take_address(world.task)}"' in desk.get(reverse(TASKS)).content.decode()
    assert desk.post(take_address(world.task))["Location"] == task_page(world.task)
    world.task.refresh_from_db()
    assert world.task.assignee == agent
    assert list(desk.get(reverse(TASKS), {"standing": "mine"}).context["cl"].result_list) == [world.task]
    assert list(desk.get(reverse(TASKS), {"standing": "free"}).context["cl"].result_list) == []


def test_a_task_that_a_colleague_took_a_moment_ago_is_not_taken(desk: Client, world: World) -> None:
    colleague = make_agent()
    AgentTask.objects.update(assignee=colleague)
    response = desk.post(take_address(world.task), follow=True)
    assert "has this task" in said(response)
    assert f'name="over_from" value="{colleague.pk}"' in response.content.decode()
    desk.post(take_address(world.task), {"over_from": colleague.pk})
    world.task.refresh_from_db()
    assert world.task.assignee != colleague


@pytest.mark.parametrize("odd", ["x", "-1", "9" * 40, "٣"])
def test_a_forged_taking_over_takes_nothing(desk: Client, world: World, odd: str) -> None:
    AgentTask.objects.update(assignee=make_agent())
    assert "has this task" in said(desk.post(take_address(world.task), {"over_from": odd}, follow=True))


def test_a_task_is_finished_with_an_outcome_and_a_note(desk: Client, agent: User, world: World) -> None:
    said_it = {"outcome": "told", "note": "Called at noon.", "told": world.prompt.pk}
    response = desk.post(task_page(world.task), said_it)
    assert response["Location"] == reverse(TASKS)
    world.task.refresh_from_db()
    world.prompt.refresh_from_db()
    assert (world.task.outcome, world.task.note, world.task.assignee) == ("told", "Called at noon.", agent)
    assert world.prompt.status == Prompt.Status.TOLD
    assert NoticeEvent.objects.get(kind="task_done").actor_id == agent.pk
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Done: told."]
    assert "Called at noon." in desk.get(task_page(world.task)).content.decode()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose what came of it."),
        ({"outcome": "told"}, "Write down how it went"),
        ({"outcome": "x"}, "Select a valid"),
    ],
)
def test_a_task_is_not_finished_half(desk: Client, world: World, form: dict[str, str], words: str) -> None:
    assert words in desk.post(task_page(world.task), form).content.decode()
    assert AgentTask.objects.open().get() == world.task


def test_a_note_with_a_number_or_an_address_is_given_back_with_what_is_wrong(desk: Client, world: World) -> None:
    note = "Called +86 139 0027 7027 at noon, wrote to b27@example.test."
    page = desk.post(task_page(world.task), {"outcome": "told", "note": note, "told": world.prompt.pk}).content.decode()
    assert "Please take out: b27@example.test, +86 139 0027 7027" in page
    assert f"{note}</textarea>" in page
    assert (AgentTask.objects.open().get(), AgentTask.objects.get().note) == (world.task, "")
    desk.post(task_page(world.task), {"outcome": "told", "note": "Called at noon.", "told": world.prompt.pk})
    assert AgentTask.objects.get().note == "Called at noon."


def test_a_note_may_name_the_number_of_a_firm(desk: Client, world: World) -> None:
    note = "Told them to call 400-810-1234 or 95588."
    desk.post(task_page(world.task), {"outcome": "told", "note": note, "told": world.prompt.pk})
    assert AgentTask.objects.get().note == note


def test_what_was_written_about_a_colleagues_task_is_not_lost(desk: Client, world: World) -> None:
    AgentTask.objects.update(assignee=make_agent())
    response = desk.post(task_page(world.task), {"outcome": "told", "note": "Called at noon."})
    assert response.status_code == CONFLICT
    assert "has this task" in response.content.decode()
    assert AgentTask.objects.open().get() == world.task


def test_a_try_that_reached_nobody_leaves_the_task_in_the_queue(desk: Client, agent: User, world: World) -> None:
    response = desk.post(task_page(world.task), {"outcome": "not_reached", "note": "No answer."}, follow=True)
    assert "The task stays open until" in said(response)
    assert list(response.context["cl"].result_list) == [world.task]
    page = desk.get(task_page(world.task)).content.decode()
    assert "Tried, not reached" in page
    assert "1 time" in page
    assert "No answer." in page
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Tried, not reached."]


def test_a_try_that_is_pressed_twice_is_one_on_record(desk: Client, world: World) -> None:
    form = {"outcome": "not_reached", "note": "No answer.", "tried": "0"}
    assert 'name="tried" value="0"' in desk.get(task_page(world.task)).content.decode()
    desk.post(task_page(world.task), form)
    assert desk.post(task_page(world.task), form).status_code == CONFLICT
    assert NoticeEvent.objects.filter(kind="tried").count() == 1
    assert 'name="tried" value="1"' in desk.get(task_page(world.task)).content.decode()


def test_the_number_is_shown_to_who_has_taken_the_task_and_to_nobody_else(
    desk: Client, agent: User, world: World
) -> None:
    phone = str(world.borrower.phone)
    assert reveal_address(world.task) not in desk.get(task_page(world.task)).content.decode()
    assert "Take it first" in said(desk.post(reveal_address(world.task), follow=True))
    desk.post(take_address(world.task))
    assert reveal_address(world.task) in desk.get(task_page(world.task)).content.decode()
    response = desk.post(reveal_address(world.task))
    page = response.content.decode()
    assert phone in page
    assert str(world.borrower.email) in page
    assert "no-store" in response["Cache-Control"]
    assert f'action="{task_page(world.task)}"' in page
    assert phone not in desk.get(task_page(world.task)).content.decode()
    colleague = desk_of(make_desk_agent())
    refused = colleague.post(reveal_address(world.task), follow=True)
    assert "has this task" in said(refused)
    assert phone not in refused.content.decode()


def test_that_the_number_was_shown_stands_in_the_timeline(desk: Client, agent: User, world: World) -> None:
    desk.post(take_address(world.task))
    desk.post(reveal_address(world.task))
    page = desk.get(reverse("admin:accounts_user_change", args=[world.borrower.pk])).content.decode()
    assert "Address shown to an agent" in page
    assert f"task #{world.task.pk}" in page
    assert [secret for secret in world.secrets if secret in page] == []


def test_a_payment_that_the_bank_does_not_show_is_a_task_about_the_money(desk: Client, world: World) -> None:
    AgentTask.objects.all().delete()
    task = AgentTask.objects.create(
        borrower=world.borrower, installment=world.installment, kind="still_waiting", act_by=NOON, created_at=NOON,
        reason="the bank does not show what the platform has seen",
    )  # fmt: skip
    page = desk.get(task_page(task)).content.decode()
    assert f"Find out where the payment of {world.borrower} is" in page
    assert re.findall(r'name="outcome" value="(\w+)"', page) == ["keep_waiting", "ask_again"]
    for address in (reverse(TASKS), reverse("admin:index")):
        assert "The bank does not show a payment · LN-" in desk.get(address).content.decode(), address
    shown = desk.get(reverse("admin:accounts_user_change", args=[world.borrower.pk]), {"loan": world.loan.pk})
    assert "the bank does not show what the platform has seen" in shown.content.decode()
    assert desk.post(task_page(task), {"outcome": "told", "note": "x"}).status_code == 200
    desk.post(task_page(task), {"outcome": "keep_waiting", "note": "The bank sends it tomorrow."})
    task.refresh_from_db()
    assert (task.status, task.outcome) == ("done", "keep_waiting")
