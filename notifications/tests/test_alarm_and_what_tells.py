"""An alarm's task and whatever else tells its installment know each other: nobody is told twice, nor by two agents."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment, Payment
from loans.tests.factories import make_installment, make_loan
from notifications.acknowledgement import acknowledge, mark_seen
from notifications.agent_tasks import TaskNotYoursError, finish, reveal
from notifications.alarm_tasks import NothingToTellError, take_up
from notifications.awaiting import bound_waiting
from notifications.contacts import talks_with
from notifications.coverage import check_coverage
from notifications.models import AgentTask, Alarm, Prompt
from notifications.tests.bundles import hold_by_outage
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_due, make_prompt
from notifications.tests.test_races import at_once
from notifications.untold import look_back

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = NOON + MINUTE


@pytest.fixture
def agent() -> User:
    return make_agent()


@pytest.fixture
def row() -> Installment:
    return make_due(make_borrower())


def alarm_of(row: Installment) -> Alarm:
    return Alarm.objects.open().get(subject=f"installment:{row.pk}")


def taken(row: Installment, agent: User) -> AgentTask:
    check_coverage(clock())
    return take_up(alarm_id=alarm_of(row).pk, agent=agent, now=NOON)


def make_task(prompt: Prompt, **fields: Any) -> AgentTask:
    usual = {"kind": "unreachable", "reason": "x", "act_by": NOON - HOUR, "created_at": NOON - HOUR}
    return AgentTask.objects.create(**{"borrower": prompt.borrower, "prompt": prompt, **usual, **fields})


def test_who_opens_the_message_in_the_portal_after_all_is_called_by_nobody_and_the_alarm_closes(
    row: Installment,
) -> None:
    """Else the alarm would stay open, and nobody could take it up."""
    prompt = make_prompt(row, stage=0, status="escalated")
    make_delivery(prompt, "in_app", status="sent", sent_at=NOON - HOUR)
    make_task(prompt, status="done", outcome="not_reached", done_at=NOON - HOUR)
    assert check_coverage(clock()) == 1
    mark_seen(prompt=prompt, now=LATER)
    assert check_coverage(clock(LATER)) == 0


class TestWhoWasToldMeanwhile:
    """The workers are back while an agent has the task, and has not called yet."""

    @pytest.fixture
    def task(self, row: Installment, agent: User) -> AgentTask:
        return taken(row, agent)

    def is_over(self, task: AgentTask, agent: User) -> bool:
        """Nobody is shown a number for it, and it leaves the list."""
        with pytest.raises(TaskNotYoursError, match="may be told just now"):
            reveal(task_id=task.pk, agent=agent, now=LATER)
        bound_waiting(LATER)
        return AgentTask.objects.get(pk=task.pk).outcome == "not_needed"

    def test_who_said_that_they_know_is_not_called(self, row: Installment, task: AgentTask, agent: User) -> None:
        delivery = make_delivery(make_prompt(row, stage=0), "sms", status="sent", sent_at=NOON, attempts=1)
        acknowledge(prompt_id=delivery.prompt_id, method="link", delivery_id=delivery.pk, now=LATER)
        assert self.is_over(task, agent)

    def test_whom_a_message_reached_is_not_called(self, row: Installment, task: AgentTask, agent: User) -> None:
        make_delivery(make_prompt(row, stage=0), "sms", status="delivered", delivered_at=LATER)
        assert self.is_over(task, agent)

    def test_whom_a_colleague_told_by_the_ladders_task_is_not_called(
        self, row: Installment, task: AgentTask, agent: User
    ) -> None:
        other = make_task(make_prompt(row, stage=0, status="escalated"))
        finish(task_id=other.pk, agent=make_agent(), outcome="told", note="Called.", now=LATER)
        assert self.is_over(task, agent)

    def test_who_was_told_that_a_payment_came_back_is_not_called(
        self, row: Installment, task: AgentTask, agent: User
    ) -> None:
        make_delivery(came_back(row, status="told"), "sms", status="delivered", delivered_at=LATER)
        assert self.is_over(task, agent)

    def test_who_is_on_the_phone_meanwhile_writes_down_that_they_told_it(
        self, row: Installment, task: AgentTask, agent: User
    ) -> None:
        reveal(task_id=task.pk, agent=agent, now=NOON)
        prompt = make_prompt(row, stage=0)
        make_delivery(prompt, "sms", status="delivered", delivered_at=LATER)
        bound_waiting(LATER)
        finish(task_id=task.pk, agent=agent, outcome="told", note="x", now=LATER, version=row.version)
        prompt.refresh_from_db()
        assert prompt.status == "told"
        assert talks_with([row.loan.borrower_id], days=7, now=LATER + HOUR).last

    def test_nor_does_a_hold_that_begins_while_they_speak_undo_what_they_said(self, agent: User) -> None:
        late = make_installment(make_loan(make_borrower()), due_on=TODAY - DAY, known_at=NOON - 9 * DAY)
        look_back(clock())
        alarm = Alarm.objects.open().get(subject__startswith=f"untold:{late.pk}:")
        task = take_up(alarm_id=alarm.pk, agent=agent, now=NOON)
        reveal(task_id=task.pk, agent=agent, now=NOON)
        hold_by_outage(late)
        finish(task_id=task.pk, agent=agent, outcome="told", note="x", now=LATER, version=late.version)
        assert AgentTask.objects.get(pk=task.pk).outcome == "told"

    @pytest.mark.parametrize(("shown", "is_open"), [(LATER - HOUR, False), (NOON, True)])
    def test_it_stays_open_while_the_agent_may_be_on_the_phone(
        self, row: Installment, task: AgentTask, agent: User, shown: datetime, is_open: bool
    ) -> None:
        reveal(task_id=task.pk, agent=agent, now=shown)
        make_delivery(make_prompt(row, stage=0), "sms", status="delivered", delivered_at=LATER)
        bound_waiting(LATER)
        assert AgentTask.objects.open().exists() is is_open

    @pytest.mark.parametrize("what", ["before", "of other figures", "of another", "not arrived"])
    def test_what_proves_nothing_since_leaves_it_open(
        self, row: Installment, task: AgentTask, agent: User, what: str
    ) -> None:
        about = make_due(row.loan.borrower) if what == "of another" else row
        prompt = make_prompt(about, stage=0, version=2 if what == "of other figures" else 1)
        moment = NOON - HOUR if what == "before" else LATER
        arrived: dict[str, Any] = {"status": "delivered", "delivered_at": moment}
        make_delivery(prompt, "sms", **({"status": "unconfirmed"} if what == "not arrived" else arrived))
        assert reveal(task_id=task.pk, agent=agent, now=LATER)
        bound_waiting(LATER)
        assert AgentTask.objects.open().filter(pk=task.pk).exists()


def came_back(row: Installment, **fields: Any) -> Prompt:
    """The news that a payment came back, which is the reminder of what is owed again."""
    payment = Payment.objects.create(
        loan=row.loan, installment=row, amount=row.total, currency="CNY", status="returned", paid_on=TODAY
    )
    usual = {"kind": "payment_returned", "payment": payment, "deadline": NOON, "planned_at": NOON - 8 * DAY}
    return make_prompt(row, stage=0, **{**usual, **fields})


@pytest.mark.parametrize(("deadline", "alarms"), [(NOON, 0), (None, 1)])
def test_that_it_came_back_arrived_after_all_and_the_alarm_closes_where_that_is_the_reminder(
    row: Installment, deadline: datetime | None, alarms: int
) -> None:
    news = came_back(row, status="escalated", deadline=deadline)
    make_task(news, status="done", outcome="not_reached", done_at=NOON - HOUR)
    assert check_coverage(clock()) == 1
    make_delivery(news, "email", status="delivered", delivered_at=LATER)
    assert check_coverage(clock(LATER)) == alarms


def test_the_task_of_a_returned_payment_is_the_alarms_own(row: Installment, agent: User) -> None:
    task = make_task(came_back(row, status="escalated"))
    assert taken(row, agent) == task
    assert AgentTask.objects.count() == 1


def test_told_by_the_alarms_task_ends_the_news_that_a_payment_came_back(row: Installment, agent: User) -> None:
    task = taken(row, agent)
    news = came_back(row, status="escalated")
    waits, beside = make_delivery(news, "sms", next_attempt_at=NOON + HOUR), make_task(news)
    finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", now=LATER)
    for one in (news, waits, beside):
        one.refresh_from_db()
    assert (news.status, waits.status, beside.outcome) == ("told", "cancelled", "not_needed")


def test_whom_the_task_of_a_returned_payment_told_is_not_called_again(row: Installment, agent: User) -> None:
    task = make_task(came_back(row, status="escalated"), created_at=NOON + 13 * HOUR)
    look_back(clock(NOON + 13 * HOUR))
    finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", now=NOON + 13 * HOUR)
    with pytest.raises(NothingToTellError, match="told them already"):
        take_up(alarm_id=Alarm.objects.open().get().pk, agent=make_agent(), now=NOON + 14 * HOUR)


def test_news_of_a_return_that_names_no_due_date_is_no_reminder(row: Installment, agent: User) -> None:
    """It came back long before; a later stage was to tell the due date."""
    news = came_back(row, deadline=None, status="told")
    make_task(news, status="done", outcome="told", done_at=NOON - 7 * DAY, assignee=make_agent())
    task = taken(row, agent)
    assert task.kind == "untold"
    make_delivery(news, "sms", status="delivered", delivered_at=LATER)
    assert reveal(task_id=task.pk, agent=agent, now=LATER)


class TestSeveralOfOnePerson:
    @pytest.fixture
    def other(self, row: Installment) -> Installment:
        return make_due(row.loan.borrower)

    def test_one_agent_has_all_that_is_told_in_one_call(
        self, row: Installment, other: Installment, agent: User
    ) -> None:
        taken(row, agent)
        tasks = AgentTask.objects.order_by("installment")
        assert [(task.installment, task.assignee) for task in tasks] == [(row, agent), (other, agent)]

    def test_whom_a_colleague_is_about_to_call_nobody_else_calls(
        self, row: Installment, other: Installment, agent: User
    ) -> None:
        task = make_task(make_prompt(make_due(row.loan.borrower), stage=0, status="escalated"), assignee=make_agent())
        with pytest.raises(TaskNotYoursError, match=rf"about to call them: see task {task.pk}\b"):
            taken(row, agent)
        assert AgentTask.objects.get() == task

    def test_of_another_person_nothing_is_taken(self, row: Installment, agent: User) -> None:
        make_due(make_borrower())
        assert taken(row, agent) == AgentTask.objects.get()

    def test_what_was_told_or_paid_since_is_left(self, row: Installment, other: Installment, agent: User) -> None:
        check_coverage(clock())
        Installment.objects.filter(pk=other.pk).update(state="settled", outstanding=0, paid=other.total)
        take_up(alarm_id=alarm_of(row).pk, agent=agent, now=NOON)
        assert AgentTask.objects.get().installment == row

    @pytest.mark.race
    @pytest.mark.django_db(transaction=True)
    def test_of_two_agents_with_one_alarm_each_one_has_both(self) -> None:
        row = make_due(make_borrower())
        rows, agents = [row, make_due(row.loan.borrower)], [make_agent(), make_agent()]
        check_coverage(clock())
        alarms = [alarm_of(one) for one in rows]

        def attempt(which: int) -> str:
            try:
                take_up(alarm_id=alarms[which].pk, agent=agents[which], now=NOON)
            except TaskNotYoursError:
                return "refused"
            return "taken"

        assert sorted(at_once(lambda: attempt(0), lambda: attempt(1))) == ["refused", "taken"]
        assert len(set(AgentTask.objects.values_list("assignee", flat=True))) == 1


@pytest.mark.parametrize(
    ("channel", "status"),
    [("sms", "cancelled"), ("voice", "cancelled"), ("email", "retrying"), ("push", "retrying")],
)
def test_what_a_provider_has_surely_not_taken_is_not_tried_again_after_a_person_told_it(
    row: Installment, agent: User, channel: str, status: str
) -> None:
    prompt = make_prompt(row, stage=0, look_again_at=NOON - HOUR)
    refused = make_delivery(prompt, channel, status="retrying", attempts=1, next_attempt_at=NOON + 8 * MINUTE)
    finish(task_id=taken(row, agent).pk, agent=agent, outcome="told", note="Called.", now=LATER)
    refused.refresh_from_db()
    assert refused.status == status


def test_the_alarm_names_the_due_day_and_the_borrower_of_now(row: Installment) -> None:
    check_coverage(clock())
    heir = make_borrower()
    Installment.objects.update(due_on=TODAY + DAY)
    type(row.loan).objects.update(borrower=heir)
    check_coverage(clock())
    assert Alarm.objects.values_list("due_on", "borrower").get() == (TODAY + DAY, heir.pk)


def test_an_alarm_about_another_day_is_nothing_to_tell(row: Installment, agent: User) -> None:
    check_coverage(clock())
    Installment.objects.update(due_on=TODAY + 30 * DAY)
    with pytest.raises(NothingToTellError):
        take_up(alarm_id=alarm_of(row).pk, agent=agent, now=NOON)
