"""The sweep that closes told tasks beside whoever works on one, on real connections."""

from threading import Event

import pytest
from django.db import transaction

from accounts.tests.factories import make_agent, make_borrower
from notifications.agent_tasks import TaskNotYoursError, finish, take
from notifications.cancellation import cancel
from notifications.models import AgentTask, Prompt
from notifications.tests.factories import NOON, make_due
from notifications.tests.test_races import at_once
from notifications.tests.test_told_meanwhile import LATER, report_that_it_arrived, unreached
from notifications.told_meanwhile import close_told

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def task() -> AgentTask:
    task = unreached(make_due(make_borrower()))
    assert task.prompt
    report_that_it_arrived(task.prompt)
    return task


def test_of_an_agent_who_takes_it_and_the_sweep_one_has_it(task: AgentTask) -> None:
    agent = make_agent()

    def taken() -> int:
        try:
            take(task_id=task.pk, agent=agent)
        except TaskNotYoursError:
            return 0
        return 1

    assert sum(at_once(taken, lambda: close_told(LATER))) == 1
    task.refresh_from_db()
    assert (task.assignee is None) is (task.status == "done")


def test_two_sweeps_close_it_once(task: AgentTask) -> None:
    assert sum(at_once(*[lambda: close_told(LATER)] * 4)) == 1


@pytest.mark.parametrize("work", ["finish", "cancel"])
def test_it_waits_for_nobody_who_is_at_the_task_or_its_prompt(task: AgentTask, work: str) -> None:
    """They lock the one before the other, in either order; the next look closes what they leave."""
    at_work, looked = Event(), Event()
    agent = make_agent()

    @transaction.atomic
    def at_it() -> int:
        if work == "finish":
            finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", now=NOON)
        else:
            cancel(Prompt.objects.all(), reason="disputed", now=NOON)
        at_work.set()
        assert looked.wait(timeout=10)
        return 0

    def look() -> int:
        assert at_work.wait(timeout=10)
        try:
            return close_told(LATER)
        finally:
            looked.set()

    assert sum(at_once(at_it, look)) == 0
    task.refresh_from_db()
    assert task.outcome == ("told" if work == "finish" else "not_needed")
