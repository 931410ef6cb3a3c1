"""A message that arrived ends as told what it named."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment, OutageHold
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.acknowledgement import acknowledge_delivery
from notifications.agent_tasks import finish
from notifications.ending_told import UNNAMED
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.bundles import deliver, hold_by_outage, make_pair, settle, statuses
from notifications.tests.factories import NOON, TODAY, clock

pytestmark = pytest.mark.django_db
Status = Prompt.Status
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def come_to_the_end() -> None:
    """What arrived stands on the rung that asks for no more than that."""
    Delivery.objects.filter(channel="sms").update(rung=2)
    Prompt.objects.update(rung=2, look_again_at=NOON)
    climb(clock())


def say_that_they_know() -> None:
    acknowledge_delivery(Delivery.objects.get(channel="sms").pk, method="link", now=NOON)


def told_by_an_agent() -> None:
    Prompt.objects.update(status=Status.ESCALATED)
    leading = Prompt.objects.get(told_with=None)
    task = AgentTask.objects.create(
        prompt=leading, kind="unreachable", borrower=leading.borrower, reason="-", act_by=NOON, created_at=NOON
    )
    finish(task_id=task.pk, agent=make_agent(), outcome=AgentTask.Outcome.TOLD, note="", now=NOON)


def make_late_pair(held: int) -> tuple[Installment, Installment]:
    """Two that are overdue by a day and told together while the one at that place was held; first the named one."""
    pair = make_pair(due_on=TODAY - DAY)
    plan_overdue(clock())
    hold_by_outage(pair[held])
    deliver("sms")
    OutageHold.objects.update(held_until=NOON)
    return pair[1 - held], pair[held]


def test_a_companion_that_was_held_when_the_message_went_out_is_not_called_told() -> None:
    named, held = make_late_pair(held=1)
    come_to_the_end()
    assert statuses() == {named.pk: Status.TOLD, held.pk: Status.ACTIVE}
    free = Prompt.objects.get(installment=held)
    assert (free.told_with, free.voided_at) == (None, None)
    event = NoticeEvent.objects.get(kind="moved", prompt_id=free.pk)
    assert event.data == {"channel": "in_app", "why": UNNAMED}


@pytest.mark.parametrize("end", [come_to_the_end, say_that_they_know, told_by_an_agent])
def test_it_is_told_by_itself_once_it_is_held_no_more(end: Callable[[], None]) -> None:
    _named, held = make_late_pair(held=1)
    OutageHold.objects.update(held_until=NOON + DAY)
    end()
    for hours in range(24):
        climb(clock(NOON + hours * HOUR))
    own = Delivery.objects.filter(prompt__installment=held)
    assert [one.channel for one in own] == ["in_app"]
    climb(clock(NOON + DAY + HOUR))
    assert [one.channel for one in own.order_by("pk")] == ["in_app", "sms"]
    for hours in range(2, 24):
        climb(clock(NOON + DAY + hours * HOUR))
    assert AgentTask.objects.open().get().prompt == own[0].prompt


def test_one_that_leads_and_was_held_is_void_and_carries_the_message_of_the_other() -> None:
    named, held = make_late_pair(held=0)
    come_to_the_end()
    assert [one.voided_at for one in Prompt.objects.filter(installment__in=[held.pk])] == [NOON]
    assert Prompt.objects.get(installment=named).status == Status.TOLD
    deliver("in_app")
    [asking] = Prompt.objects.asking_now(NOON + DAY)
    assert asking.companions.get().installment_id == named.pk


def test_the_same_when_a_later_stage_overtakes_it() -> None:
    named, held = make_late_pair(held=1)
    assert plan_overdue(clock(NOON + 2 * DAY)) == 2
    ended = dict(Prompt.objects.filter(stage=1).values_list("installment", "status"))
    assert ended == {named.pk: Status.TOLD, held.pk: Status.CANCELLED}


def test_a_message_that_named_both_tells_both() -> None:
    pair = make_pair()
    plan_upcoming(clock())
    deliver("sms")
    come_to_the_end()
    assert statuses() == dict.fromkeys([one.pk for one in pair], Status.TOLD)


def test_the_task_of_one_that_led_and_was_held_stays_open() -> None:
    """What a doubt holds is not void; the answer names the other alone."""
    named, held = make_late_pair(held=0)
    Prompt.objects.update(status=Status.ESCALATED)
    leading = Prompt.objects.get(told_with=None)
    task = AgentTask.objects.create(
        prompt=leading, kind="unreachable", borrower=leading.borrower, reason="-", act_by=NOON, created_at=NOON
    )
    say_that_they_know()
    assert AgentTask.objects.open().get() == task
    assert statuses() == {named.pk: Status.ACKNOWLEDGED, held.pk: Status.ESCALATED}


def test_whom_a_void_leader_leaves_behind_is_told_by_themselves() -> None:
    borrower = make_borrower()
    first, named = make_pair(borrower, due_on=TODAY - DAY)
    held = make_installment(make_loan(borrower, bank=make_bank()), due_on=TODAY - DAY)
    plan_overdue(clock())
    settle(first)
    hold_by_outage(held)
    deliver("sms")
    say_that_they_know()
    free = Prompt.objects.get(installment=held)
    assert (free.status, free.told_with) == (Status.ACTIVE, None)
    assert Prompt.objects.get(installment=named).status == Status.ACKNOWLEDGED
