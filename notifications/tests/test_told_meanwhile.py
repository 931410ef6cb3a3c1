"""A task about whom no channel had reached is over once the message arrives after all, where nobody is owed more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment
from notifications import tasks
from notifications.acknowledgement import acknowledge, mark_seen
from notifications.agent_tasks import TaskNotYoursError, finish, reveal, take
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.signatures import reference_of
from notifications.tests.bundles import hold_by_outage, make_pair
from notifications.tests.factories import NOON, TODAY, clock, facts, hear, make_delivery, make_due, make_prompt
from notifications.told_meanwhile import ARRIVED, close_told
from notifications.untold import look_back
from notifications.wording.facts import FactItem

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = NOON + MINUTE
Told = Callable[[Prompt], None]


@pytest.fixture
def agent() -> User:
    return make_agent()


@pytest.fixture
def row() -> Installment:
    return make_due(make_borrower())


def unreached(row: Installment, **fields: Any) -> AgentTask:
    """Its text message was handed over and nobody has said that it arrived; another waits, as a cap may hold it."""
    prompt = make_prompt(row, stage=0, **{"status": "escalated", "reason": "no channel reached them", **fields})
    sent: dict[str, Any] = {"status": "unconfirmed", "sent_at": NOON, "handed_at": NOON, "attempts": 1}
    make_delivery(prompt, "sms", **sent)
    make_delivery(prompt, "in_app", status="sent", sent_at=NOON)
    make_delivery(prompt, "email", next_attempt_at=NOON + HOUR)
    return with_a_person(prompt)


def with_a_person(prompt: Prompt) -> AgentTask:
    return AgentTask.objects.create(
        borrower=prompt.borrower, prompt=prompt, kind="unreachable", reason="no channel reached them",
        act_by=NOON + 8 * HOUR, created_at=NOON,
    )  # fmt: skip


def report_that_it_arrived(prompt: Prompt) -> None:
    delivery = prompt.deliveries.get(channel="sms")
    hear("kannel", f"reference={reference_of(delivery.pk)}&type=1".encode(), now=LATER)


def open_it_in_the_portal(prompt: Prompt) -> None:
    mark_seen(prompt=prompt, now=LATER)


def say_that_they_know(prompt: Prompt) -> None:
    acknowledge(prompt_id=prompt.pk, method="in_app", delivery_id=None, now=LATER)


def prompt_of(task: AgentTask) -> Prompt:
    assert task.prompt_id
    return Prompt.objects.get(pk=task.prompt_id)


def outcome(task: AgentTask) -> str:
    return AgentTask.objects.get(pk=task.pk).outcome


def sweep() -> None:
    with time_machine.travel(LATER + MINUTE, tick=False):
        tasks.reconcile()


@pytest.mark.parametrize("arrive", [report_that_it_arrived, open_it_in_the_portal])
@pytest.mark.parametrize("kind", ["upcoming", "overdue"])
def test_it_closes_and_says_on_record_why(row: Installment, kind: str, arrive: Told) -> None:
    task = unreached(row, kind=kind)
    arrive(prompt_of(task))
    sweep()
    assert (outcome(task), prompt_of(task).status, prompt_of(task).reason) == ("not_needed", "told", "")
    event = NoticeEvent.objects.get(kind="cancelled", data__task=task.pk)
    assert (event.prompt_id, event.installment_id, event.data["reason"]) == (task.prompt_id, row.pk, ARRIVED)
    assert Delivery.objects.get(channel="email").status == "cancelled"


def test_who_says_that_they_know_is_called_by_nobody_at_once(row: Installment) -> None:
    task = unreached(row)
    say_that_they_know(prompt_of(task))
    assert (outcome(task), prompt_of(task).status) == ("not_needed", "acknowledged")


@pytest.mark.parametrize("status", ["unconfirmed", "sent", "failed", "retrying"])
def test_what_proves_no_arrival_leaves_it_open(row: Installment, status: str) -> None:
    task = unreached(row)
    Delivery.objects.filter(channel="sms").update(status=status)
    sweep()
    assert (outcome(task), prompt_of(task).status) == ("", "escalated")


def test_a_second_look_changes_nothing(row: Installment) -> None:
    report_that_it_arrived(prompt_of(unreached(row)))
    assert [close_told(LATER), close_told(LATER)] == [1, 0]


class TestWhoHasIt:
    def test_a_task_that_an_agent_has_stays_theirs(self, row: Installment, agent: User) -> None:
        task = unreached(row)
        take(task_id=task.pk, agent=agent)
        report_that_it_arrived(prompt_of(task))
        sweep()
        assert (outcome(task), prompt_of(task).status) == ("", "escalated")
        finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", now=LATER)
        assert (outcome(task), prompt_of(task).status) == ("told", "told")

    def test_one_who_tried_before_and_gave_it_back_may_not_have_to_try_again(
        self, row: Installment, agent: User
    ) -> None:
        task = unreached(row)
        finish(task_id=task.pk, agent=agent, outcome="not_reached", note="No answer.", now=NOON)
        AgentTask.objects.update(assignee=None)
        report_that_it_arrived(prompt_of(task))
        sweep()
        assert outcome(task) == "not_needed"

    def test_who_answers_is_not_called_by_whoever_has_it_either(self, row: Installment, agent: User) -> None:
        task = unreached(row)
        take(task_id=task.pk, agent=agent)
        say_that_they_know(prompt_of(task))
        assert outcome(task) == "not_needed"
        with pytest.raises(TaskNotYoursError):
            reveal(task_id=task.pk, agent=agent, now=LATER)

    def test_who_answers_while_an_agent_speaks_with_them_leaves_the_agent_time_to_say_so(
        self, row: Installment, agent: User
    ) -> None:
        task = unreached(row)
        take(task_id=task.pk, agent=agent)
        reveal(task_id=task.pk, agent=agent, now=NOON)
        say_that_they_know(prompt_of(task))
        sweep()
        finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", now=LATER)
        assert (outcome(task), prompt_of(task).status) == ("told", "acknowledged")

    def test_what_that_agent_never_wrote_down_closes_after_an_hour(self, row: Installment, agent: User) -> None:
        task = unreached(row)
        take(task_id=task.pk, agent=agent)
        reveal(task_id=task.pk, agent=agent, now=NOON)
        say_that_they_know(prompt_of(task))
        assert [close_told(NOON + HOUR - MINUTE), close_told(NOON + HOUR)] == [0, 1]
        assert NoticeEvent.objects.get(kind="cancelled", data__task=task.pk).data["reason"] == "acknowledged"


class TestWhoIsOwedAPersonAllTheSame:
    @pytest.mark.parametrize("last", [0, 1])
    def test_a_message_for_several_ends_the_task_only_where_it_named_all(self, last: int) -> None:
        pair = make_pair(due_on=TODAY)
        task = unreached(pair[0])
        make_prompt(pair[1], stage=0, status="escalated", told_with=task.prompt)
        items = tuple(FactItem(str(one.loan), one.outstanding, "", one.pk) for one in pair[: last + 1])
        said = facts(prompt_of(task))._replace(items=items).as_json()
        Delivery.objects.filter(channel="sms").update(facts=said)
        report_that_it_arrived(prompt_of(task))
        sweep()
        assert outcome(task) == ("not_needed" if last else "")
        assert set(Prompt.objects.values_list("status", flat=True)) == {"told" if last else "escalated"}
        assert NoticeEvent.objects.filter(kind="cancelled", data__task=task.pk).count() == 2 * last

    def test_a_message_without_a_list_names_no_companion(self) -> None:
        pair = make_pair(due_on=TODAY)
        task = unreached(pair[0])
        make_prompt(pair[1], stage=0, status="escalated", told_with=task.prompt)
        report_that_it_arrived(prompt_of(task))
        sweep()
        assert outcome(task) == ""

    def test_a_reminder_that_arrives_after_its_due_day_says_what_is_so_no_more(self, row: Installment) -> None:
        task = unreached(row)
        report_that_it_arrived(prompt_of(task))
        assert close_told(NOON + 12 * HOUR) == 0
        assert outcome(task) == ""

    @pytest.mark.parametrize(
        ("arrive", "left"), [(open_it_in_the_portal, "escalated"), (report_that_it_arrived, "told")]
    )
    def test_a_notice_before_a_report_that_was_read_in_the_portal_alone_has_named_no_day(
        self, row: Installment, arrive: Told, left: str
    ) -> None:
        task = unreached(row, kind="prior_notice")
        arrive(prompt_of(task))
        sweep()
        assert prompt_of(task).status == left

    def test_one_that_a_hold_began_for_since_was_told_all_the_same(self, row: Installment) -> None:
        task = unreached(row, kind="overdue")
        report_that_it_arrived(prompt_of(task))
        hold_by_outage(row)
        sweep()
        assert outcome(task) == "not_needed"


def test_one_that_only_carries_the_message_of_others_goes_on_asking_for_them() -> None:
    pair = make_pair(due_on=TODAY)
    task = unreached(pair[0], voided_at=NOON)
    make_prompt(pair[1], stage=0, status="escalated", told_with=task.prompt)
    item = FactItem(str(pair[1].loan), pair[1].outstanding, "", pair[1].pk)
    said = facts(prompt_of(task))._replace(items=(item,)).as_json()
    Delivery.objects.exclude(channel="email").update(facts=said)
    report_that_it_arrived(prompt_of(task))
    sweep()
    assert outcome(task) == "not_needed"
    assert [one.pk for one in Prompt.objects.asking_now(LATER)] == [task.prompt_id]


class TestAnotherStage:
    """It says the same of the same figures, and its ladder has begun since."""

    @pytest.fixture
    def task(self, row: Installment) -> AgentTask:
        return unreached(row)

    def tell(self, row: Installment, **fields: Any) -> Delivery:
        prompt = make_prompt(row, **{"stage": 1, **fields})
        return make_delivery(prompt, "sms", status="delivered", delivered_at=LATER)

    def test_whom_its_message_reached_is_called_by_nobody(self, row: Installment, task: AgentTask) -> None:
        self.tell(row)
        sweep()
        prompt = prompt_of(task)
        assert (outcome(task), prompt.status, prompt.reason) == ("not_needed", "cancelled", "told in another way")
        event = NoticeEvent.objects.get(kind="cancelled", data__task=task.pk)
        assert event.data["reason"] == "told in another way"
        assert Prompt.objects.get(stage=1).status == "active"

    def test_who_answered_it_is_called_by_nobody(self, row: Installment, task: AgentTask) -> None:
        acknowledge(
            prompt_id=self.tell(row).prompt_id, method="link", delivery_id=Delivery.objects.latest("pk").pk, now=LATER
        )
        sweep()
        assert outcome(task) == "not_needed"

    def test_where_an_agent_has_it_it_stays_theirs(self, row: Installment, task: AgentTask, agent: User) -> None:
        take(task_id=task.pk, agent=agent)
        self.tell(row)
        sweep()
        assert outcome(task) == ""

    @pytest.mark.parametrize("fields", [{"version": 2}, {"kind": "overdue"}, {"voided_at": NOON}])
    def test_one_that_says_something_else_leaves_it_open(
        self, row: Installment, task: AgentTask, fields: dict[str, Any]
    ) -> None:
        self.tell(row, **fields)
        sweep()
        assert outcome(task) == ""

    def test_so_does_one_that_arrived_before_it_began(self, row: Installment, task: AgentTask) -> None:
        self.tell(row)
        Delivery.objects.filter(prompt__stage=1).update(delivered_at=NOON - MINUTE)
        sweep()
        assert outcome(task) == ""


def test_who_was_told_in_time_so_is_not_called_untold_afterwards(row: Installment) -> None:
    report_that_it_arrived(prompt_of(unreached(row)))
    sweep()
    assert look_back(clock(NOON + 13 * HOUR)) == 0


def test_a_hundred_take_as_many_statements_as_one(django_assert_num_queries: Any) -> None:
    for size in (1, 100):
        for _ in range(size):
            unreached(make_due(make_borrower()))
        Delivery.objects.filter(channel="sms").update(status="delivered", delivered_at=LATER)
        with django_assert_num_queries(14):
            assert close_told(LATER) == size
