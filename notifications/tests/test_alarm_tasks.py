"""An alarm about somebody whom nobody tells can be worked: it makes a task, and the task covers them."""

from datetime import timedelta

import pytest

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications.agent_tasks import TaskNotYoursError, finish, reveal
from notifications.alarm_tasks import NothingToTellError, take_up, tasks_about
from notifications.awaiting import bound_waiting
from notifications.coverage import check_coverage
from notifications.models import AgentTask, Alarm, NoticeEvent
from notifications.tests.bundles import hold_by_outage, settle
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt
from notifications.tests.test_races import at_once
from notifications.untold import look_back

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AFTER = NOON + 13 * HOUR
"""An hour after midnight in Shanghai."""


@pytest.fixture
def row() -> Installment:
    """Due today, and nothing was ever planned."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY)
    Installment.objects.filter(pk=row.pk).update(known_at=NOON - 9 * DAY)
    row.refresh_from_db()
    return row


@pytest.fixture
def agent() -> User:
    return make_agent()


def taken(agent: User, kind: str = Alarm.Kind.COVERAGE) -> AgentTask:
    check_coverage(clock())
    if kind == Alarm.Kind.UNTOLD:
        look_back(clock(AFTER))
    return take_up(alarm_id=Alarm.objects.open().get(kind=kind).pk, agent=agent, now=NOON)


def told(task: AgentTask, agent: User) -> AgentTask:
    return finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", now=NOON)


@pytest.mark.parametrize("kind", [Alarm.Kind.COVERAGE, Alarm.Kind.UNTOLD])
def test_whoever_is_told_to_call_can_see_the_number(row: Installment, agent: User, kind: str) -> None:
    task = taken(agent, kind)
    assert (task.kind, task.installment, task.assignee) == ("untold", row, agent)
    shown = [point.address for point in reveal(task_id=task.pk, agent=agent, now=NOON)]
    assert row.loan.borrower.phone in shown


def test_what_came_of_it_is_on_record_with_the_installment(row: Installment, agent: User) -> None:
    task = taken(agent)
    told(task, agent)
    events = NoticeEvent.objects.filter(installment_id=row.pk).order_by("pk")
    assert [(event.kind, event.actor_id) for event in events] == [("escalated", None), ("task_done", agent.pk)]
    assert events[1].data == {"task": task.pk, "outcome": "told", "version": row.version}


def test_with_the_agent_who_took_it_and_once_told_they_are_covered(row: Installment, agent: User) -> None:
    """Due on a Monday: on the Sunday that is today nobody works."""
    Installment.objects.update(due_on=TODAY + DAY)
    task = taken(agent)
    assert check_coverage(clock()) == 0
    finish(task_id=task.pk, agent=agent, outcome="not_needed", note="?", now=NOON)
    assert check_coverage(clock()) == 1
    told(taken(agent), agent)
    assert check_coverage(clock()) == 0
    Installment.objects.update(version=2, known_at=NOON + HOUR)
    assert check_coverage(clock(NOON + 2 * HOUR)) == 1


@pytest.mark.parametrize(("outcome", "alarms"), [("told", 0), ("not_reached", 0), ("not_needed", 1)])
def test_they_were_with_a_person_by_their_due_day(row: Installment, agent: User, outcome: str, alarms: int) -> None:
    task = taken(agent)
    finish(task_id=task.pk, agent=agent, outcome=outcome, note="x", now=NOON)
    assert look_back(clock(AFTER)) == alarms


def test_a_task_that_there_is_is_taken_and_no_other_is_made(row: Installment, agent: User) -> None:
    prompt = make_prompt(row, stage=0, status="escalated")
    open_one = AgentTask.objects.create(
        borrower=prompt.borrower, prompt=prompt, kind="unreachable", reason="x", act_by=NOON - HOUR, created_at=NOON
    )
    assert taken(agent) == open_one
    AgentTask.objects.update(assignee=None)
    assert (taken(agent), AgentTask.objects.count()) == (open_one, 1)


def test_where_its_own_task_is_done_a_new_one_is_made_and_told_ends_the_prompt(row: Installment, agent: User) -> None:
    prompt = make_prompt(row, stage=0, status="escalated")
    done = AgentTask.objects.create(
        borrower=prompt.borrower, prompt=prompt, kind="unreachable", reason="x", act_by=NOON, created_at=NOON,
        status="done", outcome="not_needed", done_at=NOON,
    )  # fmt: skip
    waits = make_delivery(prompt, next_attempt_at=NOON + DAY)
    task = taken(agent)
    assert task != done
    told(task, agent)
    prompt.refresh_from_db()
    waits.refresh_from_db()
    assert (prompt.status, waits.status) == ("told", "cancelled")


def test_a_colleagues_task_is_not_taken_twice(row: Installment, agent: User) -> None:
    """The alarm has not closed yet."""
    taken(agent)
    with pytest.raises(TaskNotYoursError, match="has this task"):
        take_up(alarm_id=Alarm.objects.get().pk, agent=make_agent(), now=NOON)
    assert AgentTask.objects.count() == 1


@pytest.mark.parametrize("kind", [Alarm.Kind.COVERAGE, Alarm.Kind.UNTOLD])
def test_whom_somebody_told_is_not_called_again_and_the_alarm_says_who_told_them(
    row: Installment, agent: User, kind: str
) -> None:
    """That it happened stays open until it is written down how."""
    task = told(taken(agent, kind), agent)
    alarm = Alarm.objects.open().get(kind=kind)
    with pytest.raises(NothingToTellError, match=f"{agent} has told them already: see task {task.pk}"):
        take_up(alarm_id=alarm.pk, agent=make_agent(), now=NOON + HOUR)
    assert list(tasks_about(alarm)) == [task]


def test_nor_whom_somebody_told_by_the_task_of_a_prompt(row: Installment, agent: User) -> None:
    leader = make_prompt(make_installment(make_loan(row.loan.borrower), due_on=TODAY), stage=0, status="escalated")
    make_prompt(row, stage=0, status="escalated", told_with=leader)
    task = AgentTask.objects.create(
        borrower=leader.borrower, prompt=leader, kind="unreachable", reason="x", act_by=NOON, created_at=AFTER
    )
    look_back(clock(AFTER))
    alarm = Alarm.objects.get(subject=f"untold:{row.pk}:1")
    finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", now=NOON)
    with pytest.raises(NothingToTellError, match="has told them already"):
        take_up(alarm_id=alarm.pk, agent=make_agent(), now=NOON)
    assert list(tasks_about(alarm)) == [task]


def test_an_alarm_about_figures_that_hold_no_more_is_nothing_to_tell(row: Installment, agent: User) -> None:
    look_back(clock(AFTER))
    Installment.objects.update(version=2, due_on=TODAY + 20 * DAY)
    with pytest.raises(NothingToTellError, match="paid, changed or told since"):
        take_up(alarm_id=Alarm.objects.get().pk, agent=agent, now=NOON)


def test_nobody_takes_an_alarm_about_a_loan_that_is_their_own_by_now(row: Installment) -> None:
    check_coverage(clock())
    owner = make_borrower()
    type(row.loan).objects.update(borrower=owner)
    with pytest.raises(TaskNotYoursError, match="loan of your own"):
        take_up(alarm_id=Alarm.objects.get().pk, agent=owner, now=NOON)
    assert not AgentTask.objects.exists()


def test_what_is_paid_or_an_alarm_about_nobody_is_nothing_to_tell(row: Installment, agent: User) -> None:
    check_coverage(clock())
    other = Alarm.objects.create(kind="provider", subject="provider:kannel", detail="x", opened_at=NOON)
    settle(row)
    for alarm in (Alarm.objects.get(kind="coverage"), other):
        with pytest.raises(NothingToTellError):
            take_up(alarm_id=alarm.pk, agent=agent, now=NOON)
    assert not AgentTask.objects.exists()


def test_it_closes_when_it_is_paid(row: Installment, agent: User) -> None:
    taken(agent)
    bound_waiting(NOON)
    assert AgentTask.objects.open().exists()
    settle(row)
    bound_waiting(NOON)
    assert AgentTask.objects.get().outcome == "not_needed"


def test_what_is_late_and_held_is_not_demanded(row: Installment, agent: User) -> None:
    task = taken(agent, Alarm.Kind.UNTOLD)
    hold_by_outage(row)
    tomorrow = NOON + DAY
    with pytest.raises(TaskNotYoursError, match="may be told just now"):
        reveal(task_id=task.pk, agent=agent, now=tomorrow)
    with pytest.raises(TaskNotYoursError, match="may be told just now"):
        finish(task_id=task.pk, agent=agent, outcome="told", note="x", now=tomorrow)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_agents_at_once_one_takes_it_and_one_task_is_made() -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY)
    Installment.objects.filter(pk=row.pk).update(known_at=NOON - 9 * DAY)
    check_coverage(clock())
    alarm, agents = Alarm.objects.get(), [make_agent(), make_agent()]

    def attempt(agent: User) -> str:
        try:
            take_up(alarm_id=alarm.pk, agent=agent, now=NOON)
        except TaskNotYoursError:
            return "refused"
        return "taken"

    assert sorted(at_once(lambda: attempt(agents[0]), lambda: attempt(agents[1]))) == ["refused", "taken"]
    assert AgentTask.objects.count() == 1
