"""A task whose agent has mended the contact: the message goes there, and the task waits for what becomes of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.contact_points import set_contact_point
from accounts.models import ContactPoint, User
from accounts.tests.factories import make_agent
from loans.models import Installment
from notifications.coverage import check_coverage
from notifications.ladder import OFF_THE_LADDER
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.resending import CannotResendError
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt
from notifications.tests.test_agent_tasks import Outcome, end, make_task

pytestmark = pytest.mark.django_db
NUMBER = "+8613900139000"


@pytest.fixture
def task() -> AgentTask:
    return make_task()


@pytest.fixture
def agent() -> User:
    return make_agent()


@pytest.fixture
def mended(task: AgentTask) -> AgentTask:
    make_delivery(task.prompt, "sms", status="failed")
    set_contact_point(user=task.borrower, kind="phone", address=NUMBER, source=ContactPoint.Source.PARTNER)
    return task


def test_it_is_sent_there_and_the_task_stays_open(mended: AgentTask, agent: User) -> None:
    done = end(mended, agent, Outcome.CONTACT_MENDED)
    assert (done.status, done.note) == ("open", "Called at noon.")
    again = Delivery.objects.get(rung=OFF_THE_LADDER)
    assert (again.channel, again.address, again.status) == ("sms", NUMBER, "queued")
    kinds = list(NoticeEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == [NoticeEvent.Kind.RESENT, NoticeEvent.Kind.TRIED]


def test_it_goes_where_it_was_mended_and_not_to_what_stays_silent(task: AgentTask, agent: User) -> None:
    make_delivery(task.prompt, "sms", status="unconfirmed", sent_at=NOON - timedelta(days=1))
    AgentTask.objects.update(created_at=timezone.now())
    set_contact_point(user=task.borrower, kind="email", address="new@example.test", source=ContactPoint.Source.PARTNER)
    end(task, agent, Outcome.CONTACT_MENDED)
    assert Delivery.objects.get(rung=OFF_THE_LADDER).address == "new@example.test"


def test_said_twice_it_is_sent_once(mended: AgentTask, agent: User) -> None:
    end(mended, agent, Outcome.CONTACT_MENDED)
    with pytest.raises(CannotResendError, match="on its way"):
        end(mended, agent, Outcome.CONTACT_MENDED)
    assert Delivery.objects.filter(rung=OFF_THE_LADDER).count() == 1


def test_past_its_time_the_task_is_done_and_it_is_sent_all_the_same(mended: AgentTask, agent: User) -> None:
    assert end(mended, agent, Outcome.CONTACT_MENDED, now=mended.act_by).status == "done"
    assert Delivery.objects.filter(rung=OFF_THE_LADDER).count() == 1


def test_where_nothing_leads_to_them_it_is_refused_and_nothing_is_changed(task: AgentTask, agent: User) -> None:
    ContactPoint.objects.filter(user=task.borrower).update(unreachable_since=NOON)
    with pytest.raises(CannotResendError, match="mend the contact first"):
        end(task, agent, Outcome.CONTACT_MENDED)
    task.refresh_from_db()
    assert (task.status, task.note, NoticeEvent.objects.count()) == ("open", "", 0)


def test_where_a_later_stage_has_begun_that_one_is_sent(mended: AgentTask, agent: User) -> None:
    row = Installment.objects.get()
    Installment.objects.update(due_on=TODAY + timedelta(days=1))
    later = make_prompt(row, stage=1, status=Prompt.Status.ESCALATED)
    end(mended, agent, Outcome.CONTACT_MENDED)
    assert Delivery.objects.get(rung=OFF_THE_LADDER).prompt == later


def test_two_tasks_of_a_borrower_are_both_mended_and_told_once(mended: AgentTask, agent: User) -> None:
    row = Installment.objects.get()
    Installment.objects.update(due_on=TODAY + timedelta(days=1))
    middle = make_prompt(row, stage=2, status=Prompt.Status.ESCALATED)
    make_prompt(row, stage=1, status=Prompt.Status.ESCALATED)
    other = AgentTask.objects.create(
        prompt=middle, borrower=mended.borrower, kind=mended.kind, act_by=mended.act_by, created_at=NOON
    )
    for task in (mended, other):
        end(task, agent, Outcome.CONTACT_MENDED)
    assert Delivery.objects.filter(rung=OFF_THE_LADDER).count() == 1
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.TRIED).count() == 2


def test_once_it_arrived_the_borrower_is_covered_though_the_task_is_done(mended: AgentTask, agent: User) -> None:
    Installment.objects.update(due_on=TODAY + timedelta(days=1), known_at=NOON - timedelta(days=9))
    Prompt.objects.update(stage=1)
    end(mended, agent, Outcome.CONTACT_MENDED)
    end(mended, agent, Outcome.NOT_NEEDED)
    later = clock(NOON + timedelta(minutes=11))
    assert check_coverage(later) == 1
    Delivery.objects.filter(rung=OFF_THE_LADDER).update(status="delivered", delivered_at=NOON)
    assert check_coverage(later) == 0
