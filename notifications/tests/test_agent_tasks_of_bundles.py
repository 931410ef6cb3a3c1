"""A person speaks of all that a message names."""

from datetime import timedelta

import pytest

from accounts.tests.factories import make_agent
from loans.models import Installment
from notifications.agent_tasks import TaskNotYoursError, finish, reveal, take
from notifications.coverage import check_coverage
from notifications.models import AgentTask, NoticeEvent, Prompt
from notifications.tests.bundles import hold_by_outage, make_pair_with_a_person, settle, statuses
from notifications.tests.factories import NOON, clock, make_prompt
from notifications.to_tell import what_to_tell
from notifications.told_in_person import NOT_SPOKEN_OF, TOLD_IN_PERSON

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)
Outcome = AgentTask.Outcome


@pytest.fixture
def pair() -> list[Installment]:
    """Told together, nothing reached their borrower: with a person."""
    return make_pair_with_a_person()


def end(outcome: str, told: list[int] | None = None) -> None:
    task = AgentTask.objects.get()
    finish(task_id=task.pk, agent=make_agent(), outcome=outcome, note="Called.", now=NOON, told=told)


def prompt_of(row: Installment) -> Prompt:
    return Prompt.objects.get(installment=row)


def told_on_record() -> set[int | None]:
    return set(NoticeEvent.objects.filter(kind="task_done").values_list("prompt_id", flat=True))


def test_told_in_person_is_told_of_all_that_the_message_names(pair: list[Installment]) -> None:
    end(Outcome.TOLD)
    assert statuses() == {pair[0].pk: "told", pair[1].pk: "told"}
    assert told_on_record() == {prompt_of(row).pk for row in pair}
    assert check_coverage(clock(LATER)) == 0


def test_one_that_was_paid_meanwhile_was_not_told(pair: list[Installment]) -> None:
    settle(pair[0])
    end(Outcome.TOLD)
    assert statuses() == {pair[0].pk: "cancelled", pair[1].pk: "told"}
    assert prompt_of(pair[0]).reason == TOLD_IN_PERSON
    assert told_on_record() == {prompt_of(pair[1]).pk}


def test_otherwise_nobody_was_told_and_each_is_an_alarm(pair: list[Installment]) -> None:
    end(Outcome.NOT_NEEDED)
    assert statuses() == {pair[0].pk: "escalated", pair[1].pk: "escalated"}
    assert check_coverage(clock(LATER)) == 2


def test_one_that_was_answered_meanwhile_stays_so(pair: list[Installment]) -> None:
    Prompt.objects.filter(installment=pair[1]).update(status=Prompt.Status.ACKNOWLEDGED)
    end(Outcome.TOLD)
    assert statuses() == {pair[0].pk: "told", pair[1].pk: "acknowledged"}


def test_told_is_what_the_agent_was_shown_and_the_rest_is_told_by_itself(pair: list[Installment]) -> None:
    end(Outcome.TOLD, [prompt_of(pair[0]).pk])
    assert statuses() == {pair[0].pk: "told", pair[1].pk: "active"}
    assert prompt_of(pair[1]).told_with is None
    assert told_on_record() == {prompt_of(pair[0]).pk}


def test_one_that_leads_and_was_not_spoken_of_is_not_on_record_as_told(pair: list[Installment]) -> None:
    end(Outcome.TOLD, [prompt_of(pair[1]).pk])
    assert statuses() == {pair[0].pk: "cancelled", pair[1].pk: "told"}
    assert prompt_of(pair[0]).reason == NOT_SPOKEN_OF
    assert told_on_record() == {prompt_of(pair[1]).pk}


@pytest.mark.parametrize("told", [None, []])
def test_where_all_of_it_is_held_nobody_is_told_and_no_number_is_shown(
    pair: list[Installment], told: list[int] | None
) -> None:
    Prompt.objects.update(kind=Prompt.Kind.OVERDUE, stage=1)
    for row in pair:
        hold_by_outage(row)
    task, agent = AgentTask.objects.get(), make_agent()
    take(task_id=task.pk, agent=agent)
    with pytest.raises(TaskNotYoursError, match="may be told just now"):
        reveal(task_id=task.pk, agent=agent, now=NOON)
    with pytest.raises(TaskNotYoursError, match="may be told just now"):
        finish(task_id=task.pk, agent=agent, outcome=Outcome.TOLD, note="Called.", now=NOON, told=told)
    assert statuses() == {pair[0].pk: "escalated", pair[1].pk: "escalated"}
    assert AgentTask.objects.get().status == AgentTask.Status.OPEN


def test_a_prompt_of_somebody_else_is_not_told_by_naming_it(pair: list[Installment]) -> None:
    other = make_prompt(status=Prompt.Status.ESCALATED)
    with pytest.raises(TaskNotYoursError):
        end(Outcome.TOLD, [other.pk])
    other.refresh_from_db()
    assert other.status == Prompt.Status.ESCALATED


@pytest.mark.parametrize(("later", "held"), [(timedelta(), ""), (timedelta(days=4), "outage")])
def test_after_its_day_nobody_asks_for_what_a_reminder_named_while_it_is_held(
    pair: list[Installment], later: timedelta, held: str
) -> None:
    hold_by_outage(pair[0])
    task = AgentTask.objects.get()
    named = what_to_tell([task], now=NOON + later)[task.pk]
    assert [one.held_by for one in named] == [held, ""]
