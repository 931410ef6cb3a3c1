"""An alarm that says "call them" leads to the number."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications.coverage import check_coverage
from notifications.models import AgentTask, Alarm, Prompt
from notifications.tests.bundles import settle
from notifications.tests.factories import NOON, clock
from portal.tests.desk import (
    World,
    desk_of,
    make_desk_agent,
    make_operator,
    make_world,
    reveal_address,
    said,
    task_page,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
FORBIDDEN, CONFLICT = 403, 409


@pytest.fixture
def world() -> World:
    """With an open alarm of coverage, and nobody who has a task."""
    world = make_world()
    AgentTask.objects.all().delete()
    Prompt.objects.update(version=9)
    Installment.objects.update(known_at=NOON.replace(day=1))
    check_coverage(clock())
    return world


@pytest.fixture
def alarm(world: World) -> Alarm:
    return Alarm.objects.get(kind=Alarm.Kind.COVERAGE)


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


def page_of(alarm: Alarm) -> str:
    return reverse("admin:notifications_alarm_change", args=[alarm.pk])


def take_address(alarm: Alarm) -> str:
    return reverse("admin:notifications_alarm_take", args=[alarm.pk])


def test_the_page_of_a_task_leads_to_what_else_is_told_in_the_same_call(
    desk: Client, world: World, alarm: Alarm
) -> None:
    other = make_installment(make_loan(world.borrower), due_on=world.installment.due_on, known_at=NOON.replace(day=1))
    check_coverage(clock())
    desk.post(take_address(alarm))
    task, beside = (AgentTask.objects.get(installment=one) for one in (world.installment, other))
    page = desk.get(task_page(task)).content.decode()
    assert "In the same call" in page
    assert f'<a href="{task_page(beside)}">#{beside.pk}</a>' in page


def test_whoever_is_told_to_call_takes_the_alarm_sees_the_number_and_says_what_came_of_it(
    desk: Client, agent: User, world: World, alarm: Alarm
) -> None:
    assert f'formaction="{take_address(alarm)}"' in desk.get(page_of(alarm)).content.decode()
    answer = desk.post(take_address(alarm))
    task = AgentTask.objects.get()
    assert answer["Location"] == task_page(task)
    page = desk.get(task_page(task)).content.decode()
    assert f"Tell {world.borrower} in person" in page
    assert "¥100.00 due 25 Nov" in page
    assert str(world.borrower.phone) in desk.post(reveal_address(task)).content.decode()
    desk.post(task_page(task), {"outcome": "told", "note": "Called at noon.", "version": world.installment.version})
    task.refresh_from_db()
    assert (task.status, task.outcome, task.assignee) == ("done", "told", agent)
    check_coverage(clock())
    assert not Alarm.objects.open().exists()
    assert "Called at noon." in desk.get(task_page(task)).content.decode()


def test_told_are_the_figures_that_the_page_showed(desk: Client, world: World, alarm: Alarm) -> None:
    desk.post(take_address(alarm))
    task = AgentTask.objects.get()
    assert f'name="version" value="{world.installment.version}"' in desk.get(task_page(task)).content.decode()
    Installment.objects.update(version=2)
    answer = desk.post(task_page(task), {"outcome": "told", "note": "Called.", "version": world.installment.version})
    assert "The figures have changed since you opened this." in answer.content.decode()
    assert 'name="version" value="2"' in answer.content.decode()
    assert AgentTask.objects.get().status == "open"


def test_a_page_that_showed_no_figures_told_none(desk: Client, alarm: Alarm) -> None:
    desk.post(take_address(alarm))
    task = AgentTask.objects.get()
    answer = desk.post(task_page(task), {"outcome": "told", "note": "Called."})
    assert (answer.status_code, AgentTask.objects.get().status) == (CONFLICT, "open")


def test_the_alarm_names_the_tasks_about_it_and_whoever_was_told_is_not_called_again(
    desk: Client, agent: User, world: World, alarm: Alarm
) -> None:
    assert "Tasks about it" not in desk.get(page_of(alarm)).content.decode()
    desk.post(take_address(alarm))
    task = AgentTask.objects.get()
    desk.post(task_page(task), {"outcome": "told", "note": "Called.", "version": world.installment.version})
    page = desk.get(page_of(alarm)).content.decode()
    assert f'<a href="{task_page(task)}">#{task.pk}</a> told in person' in page
    assert "has told them already" in said(desk.post(take_address(alarm), follow=True))
    assert AgentTask.objects.count() == 1


def test_it_stands_in_the_queue_and_on_the_borrowers_page(desk: Client, world: World, alarm: Alarm) -> None:
    desk.post(take_address(alarm))
    assert "An alarm: nobody told them · LN-" in desk.get(reverse("admin:index")).content.decode()
    page = desk.get(reverse("admin:accounts_user_change", args=[world.borrower.pk])).content.decode()
    assert "Tell them in person" in page
    assert "nobody was telling them before the due date" in page


def test_where_there_is_nothing_to_tell_any_more_it_says_so(desk: Client, world: World, alarm: Alarm) -> None:
    settle(world.installment)
    assert "nothing to tell any more" in said(desk.post(take_address(alarm), follow=True))


def test_an_operator_has_no_tasks_and_nobody_takes_an_alarm_about_themselves(alarm: Alarm, world: World) -> None:
    operator = desk_of(make_operator())
    assert take_address(alarm) not in operator.get(page_of(alarm)).content.decode()
    assert operator.post(take_address(alarm)).status_code == FORBIDDEN
    themselves = make_desk_agent()
    Alarm.objects.update(borrower=themselves)
    own = desk_of(themselves)
    assert take_address(alarm) not in own.get(page_of(alarm)).content.decode()
    assert own.post(take_address(alarm)).status_code == FORBIDDEN
