"""Calls that people place count for the caps as those of machines do, by how they ended."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.agent_tasks import finish, give_back
from notifications.capping import room_for
from notifications.models import AgentTask, Delivery, Prompt
from notifications.policy import Purpose
from notifications.policy_files import policy_for
from notifications.states import Step
from notifications.tests.factories import TODAY, make_delivery, make_prompt, word_these

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=NEW_YORK)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OVERDUE, VOICE = Prompt.Kind.OVERDUE, Delivery.Channel.VOICE


@pytest.fixture
def american() -> User:
    return make_borrower(jurisdiction="us", time_zone="America/New_York")


@pytest.fixture
def chinese() -> User:
    return make_borrower(jurisdiction="cn", time_zone="America/New_York")


def make_overdue(borrower: User, kind: str = OVERDUE) -> Prompt:
    row = make_installment(make_loan(borrower), due_on=TODAY - timedelta(days=3))
    return make_prompt(row, kind=kind, stage=3, planned_at=NOW - 9 * DAY, status=Prompt.Status.ESCALATED)


def make_task(borrower: User, **about: Any) -> AgentTask:
    fields = {"kind": "unreachable", "reason": "x", "act_by": NOW + DAY, "created_at": NOW - 9 * DAY, **about}
    return AgentTask.objects.create(borrower=borrower, **fields)


def try_(task: AgentTask, *moments: datetime, outcome: str = "not_reached") -> None:
    for at in moments:
        finish(task_id=task.pk, agent=task.assignee or make_agent(), outcome=outcome, note="x", now=at)
        task.refresh_from_db()


def ago(count: int, step: timedelta = HOUR) -> list[datetime]:
    return [NOW - step * (1 + place) for place in range(count)][::-1]


def most(law: str, channel: str) -> int:
    (cap,) = policy_for(law, Purpose.COLLECTION, TODAY).caps_on(channel)
    return cap.most


def held(borrower: User, channel: str = VOICE, kind: str = OVERDUE) -> list[Step]:
    delivery = make_delivery(make_overdue(borrower, kind), channel, next_attempt_at=NOW)
    worded, steps = word_these([delivery.pk], now=NOW)
    assert len(worded) + len(steps) == 1
    return steps


def test_calls_that_nobody_took_count_where_each_call_counts(american: User) -> None:
    task, cap = make_task(american, prompt=make_overdue(american)), most("us", "voice")
    try_(task, *ago(cap - 1, DAY / 2))
    assert held(american) == []
    try_(task, NOW - HOUR)
    [step] = held(american)
    assert step.held_by == "us/collection/caps/voice/week/2021-11-30"
    assert held(american, "sms") == []
    assert held(american, kind=Prompt.Kind.PRIOR_NOTICE) == []


def test_calls_of_somebody_who_has_given_the_task_back_were_made_all_the_same(american: User) -> None:
    task = make_task(american, prompt=make_overdue(american))
    try_(task, *ago(most("us", "voice"), DAY / 2))
    assert task.assignee
    assert give_back(task.assignee) == 1
    assert held(american)[0].held_by.startswith("us/collection/caps/voice")


def test_the_last_try_with_which_a_task_ends_counts_once(american: User) -> None:
    cap = most("us", "voice")
    for _task in range(cap):
        task = make_task(american, prompt=make_overdue(american), act_by=NOW - DAY)
        try_(task, NOW - HOUR)
    assert AgentTask.objects.filter(outcome="not_reached").count() == cap
    assert held(american)[0].held_by.startswith("us/collection/caps/voice")
    AgentTask.objects.order_by("pk")[0].delete()
    assert held(american) == []


def test_where_unanswered_calls_have_a_cap_of_their_own_they_count_for_that(chinese: User) -> None:
    task, unanswered = make_task(chinese, prompt=make_overdue(chinese)), most("cn", "unanswered_voice")
    assert most("cn", "voice") < unanswered
    try_(task, *ago(unanswered - 1, HOUR / 2))
    assert held(chinese) == []
    try_(task, NOW - HOUR / 4)
    assert held(chinese)[0].held_by.startswith("cn/collection/caps/unanswered_voice")


def test_whom_an_agent_told_in_person_was_called(chinese: User) -> None:
    for _call in range(most("cn", "voice")):
        try_(make_task(chinese, prompt=make_overdue(chinese)), NOW - HOUR, outcome="told")
    assert held(chinese)[0].held_by.startswith("cn/collection/caps/voice")


def test_calls_about_an_alarm_are_calls_about_what_is_overdue(american: User) -> None:
    row = make_installment(make_loan(american), due_on=TODAY - DAY)
    task = make_task(american, installment=row, kind="untold")
    try_(task, *ago(most("us", "voice"), DAY / 2))
    assert held(american)[0].held_by.startswith("us/collection/caps/voice")


def test_after_a_conversation_about_an_alarm_nobody_is_called_for_as_long(american: User) -> None:
    row = make_installment(make_loan(american), due_on=TODAY - DAY)
    try_(make_task(american, installment=row, kind="untold"), NOW - DAY, outcome="told")
    assert held(american)[0].held_by.startswith("us/collection/cool_off/voice")


def test_mending_a_contact_and_reading_a_text_are_no_calls(american: User) -> None:
    for _task in range(9):
        task = make_task(american, prompt=make_overdue(american))
        AgentTask.objects.filter(pk=task.pk).update(status="done", outcome="contact_mended", done_at=NOW - HOUR)
    assert held(american) == []


def test_a_person_is_told_when_they_may_call_again(american: User) -> None:
    assert room_for(american, OVERDUE, "voice", now=NOW) is None
    task = make_task(american, prompt=make_overdue(american))
    try_(task, *ago(most("us", "voice"), DAY / 2))
    obstacle = room_for(american, OVERDUE, "voice", now=NOW)
    assert obstacle is not None
    assert obstacle.at > NOW
    assert room_for(american, Prompt.Kind.UPCOMING, "voice", now=NOW) is None
