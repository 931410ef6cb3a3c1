"""Who was told by a person with an alarm's task while a hold had taken the stage back is not told it again."""

from datetime import timedelta

import pytest
import time_machine

from accounts.tests.factories import make_agent, make_borrower
from loans.disputes import decide
from loans.models import Installment
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.agent_tasks import finish
from notifications.alarm_tasks import take_up
from notifications.models import Alarm
from notifications.planning import plan_overdue
from notifications.tests import test_demanding_after_outages as outages
from notifications.tests.factories import NOON, TODAY, claim, clock
from notifications.untold import look_back

pytestmark = pytest.mark.django_db
_nobody_is_woken = outages._nobody_is_woken
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def overdue() -> Installment:
    """Nobody had told it in time, and its last stage is planned."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY - 7 * DAY, known_at=NOON - 20 * DAY)
    assert look_back(clock(NOON - 6 * DAY)) == 1
    assert plan_overdue(clock()) == 1
    return row


def test_as_the_hold_of_an_outage_began(overdue: Installment) -> None:
    agent, alarm = make_agent(), Alarm.objects.open().get(kind="untold")
    task = take_up(alarm_id=alarm.pk, agent=agent, now=NOON)
    outages.declare(NOON + MINUTE, ends_at=NOON + DAY)
    finish(task_id=task.pk, agent=agent, outcome="told", note="x", version=overdue.version, now=NOON + 5 * MINUTE)
    outages.sweep(NOON + DAY)
    assert (outages.demands(), claim("sms", NOON + DAY + 60 * MINUTE)) == ([(7, "cancelled")], [])


def test_right_after_that_hold(overdue: Installment) -> None:
    agent, alarm = make_agent(), Alarm.objects.open().get(kind="untold")
    outages.declare(ends_at=NOON + DAY)
    task = take_up(alarm_id=alarm.pk, agent=agent, now=NOON + DAY + 2 * MINUTE)
    finish(task_id=task.pk, agent=agent, outcome="told", note="x", now=NOON + DAY + 2 * MINUTE)
    outages.sweep(NOON + DAY)
    assert (outages.demands(), claim("sms", NOON + DAY + 60 * MINUTE)) == ([(7, "cancelled")], [])


def test_as_a_dispute_began_that_is_rejected(overdue: Installment) -> None:
    agent, alarm = make_agent(), Alarm.objects.open().get(kind="untold")
    task = take_up(alarm_id=alarm.pk, agent=agent, now=NOON)
    with time_machine.travel(NOON + MINUTE, tick=False):
        about = make_dispute(overdue.loan, installment=overdue, now=NOON + MINUTE)
    finish(task_id=task.pk, agent=agent, outcome="told", note="x", version=overdue.version, now=NOON + 5 * MINUTE)
    with time_machine.travel(NOON + DAY, tick=False):
        decide(dispute=about, agent=make_agent(), decision="rejected", words="We looked into it.", now=NOON + DAY)
    assert outages.demands() == [(7, "cancelled")]
