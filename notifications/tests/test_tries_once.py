"""One try to reach somebody is one event, however often it is pressed."""

import pytest

from accounts.models import User
from accounts.tests.factories import make_agent
from notifications.agent_tasks import TaskNotYoursError, finish, tries
from notifications.models import AgentTask
from notifications.tests.factories import NOON
from notifications.tests.test_agent_tasks import make_task, outcome_of
from notifications.tests.test_races import at_once

pytestmark = pytest.mark.django_db
Outcome = AgentTask.Outcome


@pytest.fixture
def task() -> AgentTask:
    return make_task()


@pytest.fixture
def agent() -> User:
    return make_agent()


def test_a_try_that_is_pressed_twice_is_one_try(task: AgentTask, agent: User) -> None:
    def press(shown: int) -> None:
        finish(
            task_id=task.pk, agent=agent, outcome=Outcome.NOT_REACHED, note="No answer.", now=NOON, tried=shown
        )  # fmt: skip

    press(0)
    with pytest.raises(TaskNotYoursError, match="has been written down"):
        press(0)
    task.refresh_from_db()
    assert (tries(task).count(), task.note) == (1, "No answer.")
    press(1)
    assert tries(task).count() == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_presses_at_once_one_is_a_try() -> None:
    task, agent = make_task(), make_agent()

    def press() -> AgentTask:
        return finish(task_id=task.pk, agent=agent, outcome=Outcome.NOT_REACHED, note="x", now=NOON, tried=0)

    results = at_once(lambda: outcome_of(press), lambda: outcome_of(press))
    assert sorted(results) == ["done", "refused"]
    assert tries(task).count() == 1
