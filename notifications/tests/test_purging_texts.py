"""Texts that a person had to read go by the clock of a case, with the tasks about them."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.factories import make_agent, make_borrower
from notifications.agent_tasks import finish
from notifications.models import (
    AgentTask,
    InboundText,
)
from notifications.purging import purge
from notifications.tests.factories import NOON
from notifications.tests.test_purging import APRIL, LATER, LONG_AGO, dispute_about, told
from notifications.tests.written import say, task_about_texts

pytestmark = pytest.mark.django_db


def test_what_a_person_read_long_ago_goes_with_its_task() -> None:
    borrower = make_borrower()
    task = task_about_texts(borrower, now=LONG_AGO)
    say(borrower, "Hello?", now=LONG_AGO + timedelta(hours=1))
    strange = InboundText.objects.create(
        callback=InboundText.objects.latest("pk").callback, meaning="other", outcome="sender not known",
        received_at=LONG_AGO,
    )  # fmt: skip
    read(task, LONG_AGO + timedelta(days=1))
    young = task_about_texts(borrower, now=LATER)
    read(young, LATER)
    purge(APRIL, now=NOON)
    assert AgentTask.objects.get() == young
    assert InboundText.objects.get() == young.text
    assert strange.pk not in InboundText.objects.values_list("pk", flat=True)


def test_what_nobody_has_read_or_only_lately_stays_however_old() -> None:
    task = task_about_texts(make_borrower(), now=LONG_AGO)
    purge(APRIL, now=NOON)
    assert InboundText.objects.get() == task.text
    read(task, datetime(2024, 1, 1, tzinfo=UTC))
    purge(APRIL, now=NOON)
    assert InboundText.objects.get() == AgentTask.objects.get().text


@pytest.mark.parametrize(
    ("decided_at", "stay"), [(None, 1), (datetime(2024, 1, 1, tzinfo=UTC), 1), (datetime(2018, 9, 1, tzinfo=UTC), 0)]
)
def test_what_somebody_wrote_stays_while_they_have_a_dispute(decided_at: datetime | None, stay: int) -> None:
    row = told()
    dispute_about(row, decided_at)
    task = task_about_texts(row.loan.borrower, now=LONG_AGO)
    read(task, LONG_AGO)
    purge(APRIL, now=NOON)
    assert (AgentTask.objects.count(), InboundText.objects.count()) == (stay, stay)


def read(task: AgentTask, now: datetime) -> None:
    task.refresh_from_db()
    finish(task_id=task.pk, agent=make_agent(), outcome="answered", note="Read.", now=now, text_id=task.text_id)
