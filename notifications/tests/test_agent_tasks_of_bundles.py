"""A person speaks of all that a message names."""

from datetime import timedelta

import pgtrigger
import pytest

from accounts.tests.factories import make_agent
from loans.models import Installment
from notifications.agent_tasks import TOLD_IN_PERSON, finish
from notifications.coverage import check_coverage
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, Prompt
from notifications.planning import plan_upcoming
from notifications.tests.bundles import make_pair, settle, statuses
from notifications.tests.factories import NOON, clock

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)
Outcome = AgentTask.Outcome


@pytest.fixture
def pair() -> list[Installment]:
    """Told together, nothing reached their borrower: with a person."""
    rows = make_pair()
    plan_upcoming(clock())
    with pgtrigger.ignore():
        Delivery.objects.all().delete()
    Prompt.objects.update(look_again_at=NOON, deadline=NOON)
    climb(clock())
    return rows


def end(outcome: str) -> None:
    finish(task_id=AgentTask.objects.get().pk, agent=make_agent(), outcome=outcome, note="Called.", now=NOON)


def test_told_in_person_is_told_of_all_that_the_message_names(pair: list[Installment]) -> None:
    end(Outcome.TOLD)
    assert statuses() == {pair[0].pk: "told", pair[1].pk: "told"}
    assert check_coverage(clock(LATER)) == 0


def test_one_that_was_paid_meanwhile_was_not_told(pair: list[Installment]) -> None:
    settle(pair[0])
    end(Outcome.TOLD)
    assert statuses() == {pair[0].pk: "cancelled", pair[1].pk: "told"}
    assert Prompt.objects.get(installment=pair[0]).reason == TOLD_IN_PERSON


def test_otherwise_nobody_was_told_and_each_is_an_alarm(pair: list[Installment]) -> None:
    end(Outcome.NOT_NEEDED)
    assert statuses() == {pair[0].pk: "escalated", pair[1].pk: "escalated"}
    assert check_coverage(clock(LATER)) == 2


def test_one_that_was_answered_meanwhile_stays_so(pair: list[Installment]) -> None:
    Prompt.objects.filter(installment=pair[1]).update(status=Prompt.Status.ACKNOWLEDGED)
    end(Outcome.TOLD)
    assert statuses() == {pair[0].pk: "told", pair[1].pk: "acknowledged"}
