"""The planner stood still, an agent called by the alarm, and the planner comes back: nothing tells it again."""

from datetime import datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment, OutwardEvent
from loans.own_sessions import connect_alone
from loans.tests.factories import make_bank
from loans.tests.outward import hear as hear_events
from notifications.agent_tasks import finish
from notifications.alarm_tasks import take_up
from notifications.coverage import check_coverage
from notifications.models import AgentTask, Alarm, Delivery, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.planning_changes import plan_changes
from notifications.tests.factories import NOON, TODAY, clock, make_due
from notifications.tests.firms import make_rule
from notifications.told_before import told_of
from notifications.told_in_person import WHILE_PLANNING
from notifications.untold import look_back

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOON + HOUR
DUE = TODAY + 3 * DAY
MORNING = NOON - 11 * HOUR
"""An hour after midnight in Shanghai."""


@pytest.fixture
def agent() -> User:
    return make_agent()


@pytest.fixture
def row() -> Installment:
    return make_due(make_borrower(), due_on=DUE)


def tell(row: Installment, agent: User, at: datetime = NOON) -> AgentTask:
    """What an agent told by the task of an alarm about it."""
    check_coverage(clock(at))
    look_back(clock(at))
    task = take_up(alarm_id=Alarm.objects.open().filter(subject__contains=f":{row.pk}")[0].pk, agent=agent, now=at)
    return finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", now=at)


def outside() -> list[int | None]:
    """The installments of whose prompts a message is to go out."""
    queued = Delivery.objects.filter(status="queued").exclude(channel="in_app").order_by("prompt")
    return list(queued.values_list("prompt__installment", flat=True))


def test_no_message_goes_out_and_it_is_on_record_as_told(row: Installment, agent: User) -> None:
    task = tell(row, agent)
    assert plan_upcoming(clock(LATER)) == 1
    prompt = Prompt.objects.get()
    assert (prompt.status, prompt.tell_at, prompt.reason) == ("told", NOON, "told in person")
    assert outside() == []
    assert NoticeEvent.objects.get(kind="planned").data == {"kind": "upcoming", "stage": 3, "task": task.pk}
    assert (plan_upcoming(clock(LATER)), check_coverage(clock(LATER))) == (0, 0)


def test_no_firm_is_asked_to_tell_it(row: Installment, agent: User) -> None:
    make_rule()
    hear_events(make_bank())
    tell(row, agent)
    plan_upcoming(clock(LATER))
    assert not OutwardEvent.objects.filter(kind="prompt.due_to_send").exists()


def test_the_next_stage_tells_as_ever(row: Installment, agent: User) -> None:
    tell(row, agent)
    plan_upcoming(clock(LATER))
    plan_upcoming(clock(NOON + 2 * DAY))
    assert outside() == [row.pk]


def test_what_is_overdue_was_told_as_well(agent: User) -> None:
    row = make_due(make_borrower(), due_on=TODAY - DAY)
    tell(row, agent)
    plan_overdue(clock(LATER))
    assert (Prompt.objects.get().status, outside()) == ("told", [])


@pytest.mark.parametrize("first", [True, False])
def test_what_falls_due_with_it_is_told_without_it(row: Installment, agent: User, first: bool) -> None:
    rows = [row, make_due(row.loan.borrower, due_on=DUE), make_due(row.loan.borrower, due_on=DUE)]
    told = rows.pop(0 if first else 1)
    check_coverage(clock())
    AgentTask.objects.create(
        borrower=told.loan.borrower, installment=told, version=1, kind="untold", reason="x", act_by=NOON,
        created_at=NOON, status="done", outcome="told", done_at=NOON,
    )  # fmt: skip
    plan_upcoming(clock(LATER))
    leader, companion = Prompt.objects.filter(status="active").order_by("pk")
    assert [leader.installment_id, companion.installment_id] == [one.pk for one in rows]
    assert (leader.told_with_id, companion.told_with_id) == (None, leader.pk)
    assert Prompt.objects.get(installment=told).told_with_id is None
    assert outside() == [rows[0].pk]


@pytest.mark.parametrize("what", ["an earlier stage", "other figures", "not reached", "another borrower"])
def test_what_told_nobody_of_this_stage_is_told(row: Installment, agent: User, what: str) -> None:
    if what == "not reached":
        check_coverage(clock())
        task = take_up(alarm_id=Alarm.objects.open().get().pk, agent=agent, now=NOON)
        AgentTask.objects.update(act_by=NOON)
        finish(task_id=task.pk, agent=agent, outcome="not_reached", note="x", now=NOON)
    else:
        tell(row, agent)
    if what == "other figures":
        Installment.objects.update(version=2)
    if what == "another borrower":
        type(row.loan).objects.update(borrower=make_borrower())
    plan_upcoming(clock(NOON + 2 * DAY if what == "an earlier stage" else LATER))
    assert outside() == [row.pk]


def test_what_was_told_on_the_day_before_its_stage_is_told_when_that_begins(agent: User) -> None:
    row = make_due(make_borrower(), due_on=TODAY + 7 * DAY)
    tell(row, agent)
    plan_upcoming(clock(MORNING + 4 * DAY))
    assert outside() == [row.pk]


def test_the_stages_that_were_missed_are_on_record_all_the_same(row: Installment, agent: User) -> None:
    tell(row, agent)
    plan_upcoming(clock(LATER))
    assert [event.data["stage"] for event in NoticeEvent.objects.filter(kind="skipped")] == [7]


def test_whom_only_an_agent_told_is_told_that_it_is_no_longer_to_be_paid(row: Installment, agent: User) -> None:
    task = tell(row, agent)
    (told,) = told_of([row.pk])
    assert (told.prompt_id, told.version, told.at, told.withdrawn) == (0, 1, task.done_at, False)
    Installment.objects.update(state="withdrawn", outstanding=100)
    assert plan_changes([row.pk], clock(LATER)) == 1
    assert Prompt.objects.get().says_withdrawn


def test_a_usual_day_asks_an_index_that_holds_nothing_else(row: Installment) -> None:
    with CaptureQueriesContext(connection) as ran:
        plan_upcoming(clock())
    (asked,) = [one["sql"] for one in ran if "agenttask" in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked}")
        assert "agent_task_alarm_told" in "\n".join(line for (line,) in cursor.fetchall())
    assert outside() == [row.pk]


def test_what_is_told_while_it_is_being_planned_waits_for_its_rows(row: Installment, agent: User) -> None:
    with connect_alone() as planner, connection.cursor() as cursor:
        planner.execute("BEGIN")
        planner.execute(WHILE_PLANNING)
        cursor.execute("SET LOCAL lock_timeout = '200ms'")
        with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
            tell(row, agent)
        planner.rollback()
        assert tell(row, agent).outcome == "told"
