"""Agents take tasks and finish them, one agent a task."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from accounts.models import User
from accounts.tests.factories import make_agent
from notifications.agent_tasks import TaskNotYoursError, finish, reveal, take, tries
from notifications.ladder import OFF_THE_LADDER
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.tests.factories import NOON, make_delivery, make_prompt
from notifications.tests.test_races import at_once

pytestmark = pytest.mark.django_db
Outcome = AgentTask.Outcome


@pytest.fixture
def task() -> AgentTask:
    return make_task()


@pytest.fixture
def agent() -> User:
    return make_agent()


def make_task() -> AgentTask:
    prompt = make_prompt(status=Prompt.Status.ESCALATED)
    return AgentTask.objects.create(
        borrower=prompt.borrower,
        prompt=prompt,
        kind=AgentTask.Kind.UNREACHABLE,
        reason="no channel reached them",
        act_by=NOON + timedelta(hours=6),
        created_at=NOON,
    )


def end(
    task: AgentTask, agent: User, outcome: str = Outcome.TOLD, *, note: str = "Called at noon.", now: datetime = NOON
) -> AgentTask:
    return finish(task_id=task.pk, agent=agent, outcome=outcome, note=note, now=now)


def status_of(task: AgentTask) -> str:
    return Prompt.objects.get(agent_tasks=task).status


def test_a_free_task_is_taken_and_taking_it_twice_changes_nothing(task: AgentTask, agent: User) -> None:
    assert take(task_id=task.pk, agent=agent).assignee == agent
    assert take(task_id=task.pk, agent=agent).assignee == agent


def test_a_task_that_a_colleague_has_is_not_taken_by_mistake(task: AgentTask, agent: User) -> None:
    take(task_id=task.pk, agent=agent)
    with pytest.raises(TaskNotYoursError, match="Agent has this task"):
        take(task_id=task.pk, agent=make_agent())
    task.refresh_from_db()
    assert task.assignee == agent


def test_it_is_taken_over_from_the_colleague_who_was_shown_and_from_no_other(task: AgentTask, agent: User) -> None:
    shown, other = make_agent(), make_agent()
    take(task_id=task.pk, agent=other)
    with pytest.raises(TaskNotYoursError):
        take(task_id=task.pk, agent=agent, over_from=shown.pk)
    assert take(task_id=task.pk, agent=agent, over_from=other.pk).assignee == agent


@pytest.mark.parametrize("status", [Delivery.Status.QUEUED, Delivery.Status.RETRYING])
def test_who_was_told_in_person_gets_no_message_of_it_afterwards(task: AgentTask, agent: User, status: str) -> None:
    """A cap may hold it for days. What lies in the portal stays, and so does what an agent sent again."""
    held = make_delivery(task.prompt, status=status, next_attempt_at=NOON + timedelta(days=3))
    placed = make_delivery(task.prompt, "in_app", status="queued")
    again = make_delivery(task.prompt, ordinal=1, rung=OFF_THE_LADDER)
    doubtful = make_delivery(task.prompt, "email", status="retrying", attempts=1)
    end(task, agent)
    statuses = dict(Delivery.objects.values_list("pk", "status"))
    assert statuses == {held.pk: "cancelled", placed.pk: "queued", again.pk: "queued", doubtful.pk: "retrying"}
    assert Delivery.objects.get(pk=held.pk).reason == "told in person"


def test_told_in_person_ends_the_prompt_and_is_on_record(task: AgentTask, agent: User) -> None:
    take(task_id=task.pk, agent=agent)
    done = end(task, agent)
    assert (done.status, done.outcome, done.note, done.done_at) == ("done", "told", "Called at noon.", NOON)
    assert status_of(task) == Prompt.Status.TOLD
    event = NoticeEvent.objects.get(kind=NoticeEvent.Kind.TASK_DONE)
    assert (event.actor_id, event.prompt_id, event.borrower_id) == (agent.pk, task.prompt_id, task.borrower_id)
    assert event.data == {"task": task.pk, "outcome": "told"}


@pytest.mark.parametrize("outcome", [Outcome.NOT_REACHED, Outcome.CONTACT_MENDED, Outcome.NOT_NEEDED])
def test_whoever_was_not_told_does_not_count_as_told(task: AgentTask, agent: User, outcome: str) -> None:
    end(task, agent, outcome)
    assert status_of(task) == Prompt.Status.ESCALATED


def test_somebody_who_was_tried_and_not_reached_stays_in_the_queue(task: AgentTask, agent: User) -> None:
    tried = end(task, agent, Outcome.NOT_REACHED, note="No answer at noon.")
    assert (tried.status, tried.outcome, tried.done_at, tried.assignee) == ("open", "", None, agent)
    end(task, agent, Outcome.NOT_REACHED, note="Mailbox at one.", now=NOON + timedelta(hours=1))
    done = end(task, agent, note="Called at two.", now=NOON + timedelta(hours=2))
    assert (done.status, done.outcome) == ("done", "told")
    assert done.note.splitlines() == ["No answer at noon.", "Mailbox at one.", "Called at two."]
    assert [(event.at, event.actor_id) for event in tries(done)] == [
        (NOON, agent.pk),
        (NOON + timedelta(hours=1), agent.pk),
    ]


def test_a_try_after_the_time_to_act_ends_the_task(task: AgentTask, agent: User) -> None:
    late = end(task, agent, Outcome.NOT_REACHED, now=task.act_by)
    assert (late.status, late.outcome, late.done_at) == ("done", "not_reached", task.act_by)
    assert not tries(late).exists()


def test_tries_are_those_of_one_task(task: AgentTask, agent: User) -> None:
    other = make_task()
    end(task, agent, Outcome.NOT_REACHED)
    assert not tries(other).exists()


def test_who_has_taken_the_task_reads_the_whole_number_and_that_is_on_record(task: AgentTask, agent: User) -> None:
    take(task_id=task.pk, agent=agent)
    shown = [point.address for point in reveal(task_id=task.pk, agent=agent, now=NOON)]
    assert shown == [task.borrower.phone, task.borrower.email]
    event = NoticeEvent.objects.get(kind=NoticeEvent.Kind.REVEALED)
    assert (event.actor_id, event.prompt_id, event.borrower_id) == (agent.pk, task.prompt_id, task.borrower_id)
    assert event.data == {"task": task.pk}


def test_nobody_else_reads_it(task: AgentTask, agent: User) -> None:
    with pytest.raises(TaskNotYoursError, match="Nobody has this task yet"):
        reveal(task_id=task.pk, agent=agent, now=NOON)
    take(task_id=task.pk, agent=make_agent())
    with pytest.raises(TaskNotYoursError, match="has this task"):
        reveal(task_id=task.pk, agent=agent, now=NOON)
    assert not NoticeEvent.objects.exists()


def test_it_is_not_read_once_the_task_is_done(task: AgentTask, agent: User) -> None:
    end(task, agent)
    with pytest.raises(TaskNotYoursError, match="done already"):
        reveal(task_id=task.pk, agent=agent, now=NOON)


def test_an_address_that_was_retired_is_not_shown(task: AgentTask, agent: User) -> None:
    take(task_id=task.pk, agent=agent)
    task.borrower.contact_points.filter(kind="phone").update(retired_at=NOON)
    assert [point.kind for point in reveal(task_id=task.pk, agent=agent, now=NOON)] == ["email"]


def test_a_prompt_that_ended_otherwise_meanwhile_stays_as_it_is(task: AgentTask, agent: User) -> None:
    Prompt.objects.filter(agent_tasks=task).update(status=Prompt.Status.ACKNOWLEDGED)
    end(task, agent)
    assert status_of(task) == Prompt.Status.ACKNOWLEDGED


def test_a_task_nobody_had_taken_is_then_the_agents_who_finished_it(task: AgentTask, agent: User) -> None:
    assert end(task, agent).assignee == agent


def test_a_colleagues_task_is_not_finished_under_their_hands(task: AgentTask, agent: User) -> None:
    take(task_id=task.pk, agent=make_agent())
    with pytest.raises(TaskNotYoursError):
        end(task, agent)
    assert not NoticeEvent.objects.exists()


def test_a_finished_task_is_not_finished_again(task: AgentTask, agent: User) -> None:
    end(task, agent)
    with pytest.raises(TaskNotYoursError, match="done already: told in person"):
        end(task, agent, Outcome.NOT_REACHED)
    with pytest.raises(TaskNotYoursError, match="done already"):
        take(task_id=task.pk, agent=agent)
    assert NoticeEvent.objects.count() == 1


def test_an_unknown_outcome_changes_nothing(task: AgentTask, agent: User) -> None:
    with pytest.raises(ValueError, match="no outcome"):
        end(task, agent, "eaten by the dog")
    assert AgentTask.objects.open().count() == 1


def outcome_of(action: Callable[[], AgentTask]) -> str:
    try:
        action()
    except TaskNotYoursError:
        return "refused"
    return "done"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_agents_at_once_one_takes_it() -> None:
    task, first, second = make_task(), make_agent(), make_agent()
    results = at_once(
        lambda: outcome_of(lambda: take(task_id=task.pk, agent=first)),
        lambda: outcome_of(lambda: take(task_id=task.pk, agent=second)),
    )
    assert sorted(results) == ["done", "refused"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_agents_at_once_one_finishes_it() -> None:
    task, first, second = make_task(), make_agent(), make_agent()
    results = at_once(
        lambda: outcome_of(lambda: end(task, first)),
        lambda: outcome_of(lambda: end(task, second, Outcome.NOT_REACHED)),
    )
    assert sorted(results) == ["done", "refused"]
    assert NoticeEvent.objects.count() == 1
