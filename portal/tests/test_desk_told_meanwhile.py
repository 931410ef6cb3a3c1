"""A task's page says what reached its borrower after all: to whoever has it, and why it closed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_borrower
from notifications.acknowledgement import acknowledge
from notifications.agent_tasks import take
from notifications.models import AgentTask, Delivery, NoticeEvent
from notifications.tests.factories import NOON, make_delivery, make_due, make_prompt
from notifications.told_meanwhile import close_told
from portal.tests.desk import desk_of, make_desk_agent, task_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


@pytest.fixture
def task() -> AgentTask:
    prompt = make_prompt(make_due(make_borrower()), stage=0, status="escalated")
    make_delivery(prompt, "sms", status="unconfirmed", sent_at=NOON - MINUTE)
    return AgentTask.objects.create(
        borrower=prompt.borrower, prompt=prompt, kind="unreachable", reason="no channel reached them",
        act_by=NOON + 8 * 60 * MINUTE, created_at=NOON - MINUTE,
    )  # fmt: skip


def arrive() -> None:
    Delivery.objects.filter(channel="sms").update(status="delivered", delivered_at=NOON)


def test_before_that_it_says_nothing(desk: Client, task: AgentTask) -> None:
    assert "Since then" not in desk.get(task_page(task)).content.decode()


def test_whoever_has_it_reads_that_the_message_has_arrived(desk: Client, agent: User, task: AgentTask) -> None:
    take(task_id=task.pk, agent=agent)
    arrive()
    assert close_told(NOON) == 0
    page = desk.get(task_page(task)).content.decode()
    assert "told meanwhile" in page
    assert "arrived: SMS" in page
    assert str(task.borrower.phone) not in page


def test_one_that_closed_says_why_and_so_does_the_borrowers_record(desk: Client, task: AgentTask) -> None:
    arrive()
    assert close_told(NOON) == 1
    page = desk.get(task_page(task)).content.decode()
    assert "not needed any more" in page
    assert "No channel had reached them when this was opened." in page
    assert "arrived: SMS" in page
    record = desk.get(reverse("admin:accounts_user_change", args=[task.borrower_id])).content.decode()
    assert f"its message has arrived: no person need call · task #{task.pk}" in record
    event = NoticeEvent.objects.get(kind="cancelled")
    assert event.actor_id is None


def test_one_whose_borrower_has_answered_says_so(desk: Client, task: AgentTask) -> None:
    delivery = Delivery.objects.get(channel="sms")
    acknowledge(prompt_id=delivery.prompt_id, method="link", delivery_id=delivery.pk, now=NOON)
    assert "they know: button behind the link" in desk.get(task_page(task)).content.decode()


def test_what_came_after_a_person_told_it_is_not_why_it_is_done(desk: Client, task: AgentTask) -> None:
    AgentTask.objects.update(status="done", outcome="told", done_at=NOON - MINUTE / 2)
    arrive()
    assert "Since then" not in desk.get(task_page(task)).content.decode()


def test_it_names_what_another_stage_told_since_and_nothing_of_before(desk: Client, task: AgentTask) -> None:
    assert task.prompt
    assert task.prompt.installment
    other = make_prompt(task.prompt.installment, stage=1)
    make_delivery(other, "email", status="delivered", delivered_at=NOON - 2 * MINUTE)
    assert "Since then" not in desk.get(task_page(task)).content.decode()
    Delivery.objects.filter(channel="email").update(delivered_at=NOON)
    assert "arrived: email" in desk.get(task_page(task)).content.decode()
