"""What the task of an alarm told ends as everything else does that is told: nobody tells it again."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment, OutwardEvent
from loans.tests.factories import make_bank
from loans.tests.outward import hear as hear_events
from notifications.agent_tasks import TaskNotYoursError, finish
from notifications.alarm_tasks import take_up
from notifications.coverage import check_coverage
from notifications.models import AgentTask, Alarm, Delivery, NoticeEvent, Prompt
from notifications.planning import plan_overdue
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_due, make_prompt
from notifications.tests.firms import duty_of, make_rule, named_on
from notifications.to_tell import what_to_tell
from notifications.untold import look_back

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AFTER = NOON + 13 * HOUR
"""An hour after midnight in Shanghai."""


@pytest.fixture
def agent() -> User:
    return make_agent()


@pytest.fixture
def row() -> Installment:
    return make_due(make_borrower())


def taken(row: Installment, agent: User) -> AgentTask:
    check_coverage(clock())
    alarm = Alarm.objects.open().get(subject=f"installment:{row.pk}")
    return take_up(alarm_id=alarm.pk, agent=agent, now=NOON)


def tell(task: AgentTask, agent: User, **fields: Any) -> AgentTask:
    return finish(task_id=task.pk, agent=agent, outcome="told", note="Called.", **{"now": NOON, **fields})


def fresh(*prompts: Prompt) -> list[tuple[str, int | None, bool]]:
    """Of each its status, with whom it is told, and whether it is void."""
    found = Prompt.objects.in_bulk([one.pk for one in prompts])
    return [(found[one.pk].status, found[one.pk].told_with_id, bool(found[one.pk].voided_at)) for one in prompts]


def test_a_firm_whose_turn_it_is_is_let_off(agent: User) -> None:
    make_rule(kind="overdue")
    hear_events(make_bank())
    make_due(make_borrower(), due_on=TODAY - DAY)
    plan_overdue(clock())
    prompt = Prompt.objects.get()
    look_back(clock())
    tell(take_up(alarm_id=Alarm.objects.get().pk, agent=agent, now=NOON), agent)
    assert (duty_of(prompt).status, fresh(prompt)) == ("void", [("told", None, False)])
    event = OutwardEvent.objects.get(kind="prompt.withdrawn")
    assert (event.data["prompt"], event.data["why"]) == (prompt.pk, "told")
    assert set(Delivery.objects.exclude(channel="in_app").values_list("status", flat=True)) == {"cancelled"}


class TestToldTogetherWithAnother:
    """Its message was late, so that nobody told them; it is about to go out."""

    @pytest.fixture
    def other(self, row: Installment) -> Installment:
        return make_due(row.loan.borrower)

    def bundle(self, leads: Installment, comes_along: Installment, **fields: Any) -> list[Prompt]:
        leader = make_prompt(leads, stage=0, look_again_at=NOON - HOUR, **fields)
        make_delivery(leader, "sms", facts=None)
        make_delivery(leader, "in_app", facts=None)
        return [leader, make_prompt(comes_along, stage=0, look_again_at=NOON - HOUR, told_with=leader, **fields)]

    def test_the_message_of_the_other_does_not_name_it(self, row: Installment, other: Installment, agent: User) -> None:
        leader, companion = self.bundle(other, row)
        tell(taken(row, agent), agent)
        assert fresh(leader, companion) == [("active", None, False), ("told", None, False)]
        assert named_on("sms", NOON) == {other.pk}

    def test_where_it_led_the_other_leads(self, row: Installment, other: Installment, agent: User) -> None:
        leader, companion = self.bundle(row, other)
        tell(taken(row, agent), agent)
        assert fresh(leader, companion) == [("told", None, False), ("active", None, False)]
        assert named_on("sms", NOON) == {other.pk}
        assert companion.deliveries.filter(channel="in_app", status="queued").exists()

    @pytest.mark.parametrize("leads", [True, False])
    def test_where_a_message_has_gone_out_its_ladder_goes_on_for_the_other(
        self, row: Installment, other: Installment, agent: User, leads: bool
    ) -> None:
        """What may still arrive, or be answered, named both."""
        leader, companion = self.bundle(*((row, other) if leads else (other, row)))
        make_delivery(leader, "email", status="sent", attempts=1, sent_at=NOON - HOUR)
        tell(taken(row, agent), agent)
        ended = [("active", None, True), ("active", leader.pk, False)]
        assert fresh(leader, companion) == (ended if leads else [("active", None, False), ("told", leader.pk, True)])
        assert named_on("sms", NOON) == {other.pk}

    @pytest.mark.parametrize("leads", [True, False])
    def test_a_persons_task_about_both_is_about_the_other_alone(
        self, row: Installment, other: Installment, agent: User, leads: bool
    ) -> None:
        """It opened while an agent had the alarm."""
        task = taken(row, agent)
        leader, _companion = self.bundle(*((row, other) if leads else (other, row)), status="escalated")
        opened = AgentTask.objects.create(
            borrower=leader.borrower, prompt=leader, kind="unreachable", reason="x", act_by=NOON, created_at=NOON
        )
        tell(task, agent)
        named = what_to_tell([AgentTask.objects.get(pk=opened.pk)], now=NOON)[opened.pk]
        assert [one.installment for one in named] == [other]
        tell(opened, agent)
        assert Prompt.objects.get(installment=other).status == "told"

    def test_what_only_carried_the_message_for_it_ends_with_it(
        self, row: Installment, other: Installment, agent: User
    ) -> None:
        leader, companion = self.bundle(other, row)
        Prompt.objects.filter(pk=leader.pk).update(voided_at=NOON)
        task = AgentTask.objects.create(
            borrower=leader.borrower, installment=row, kind="untold", reason="x", act_by=NOON, created_at=NOON
        )
        tell(task, agent)
        assert fresh(leader, companion) == [("cancelled", None, True), ("told", leader.pk, False)]
        assert named_on("sms", NOON) == set()


def test_each_prompt_that_it_ends_is_on_record_as_told(row: Installment, agent: User) -> None:
    prompt = make_prompt(row, stage=0, look_again_at=NOON - HOUR)
    task = tell(taken(row, agent), agent)
    done = NoticeEvent.objects.filter(kind="task_done").order_by("pk")
    assert [(one.prompt_id, one.data["task"], one.actor_id) for one in done] == [
        (None, task.pk, agent.pk), (prompt.pk, task.pk, agent.pk)
    ]  # fmt: skip


def test_what_was_answered_meanwhile_stays_answered(row: Installment, agent: User) -> None:
    prompt = make_prompt(row, stage=0, look_again_at=NOON - HOUR)
    task = taken(row, agent)
    Prompt.objects.update(status="acknowledged")
    tell(task, agent)
    assert fresh(prompt) == [("acknowledged", None, False)]


class TestFigures:
    """The bank changes them between the page and the button."""

    def test_told_holds_for_the_figures_that_were_shown_and_for_no_others(self, row: Installment, agent: User) -> None:
        task = taken(row, agent)
        Installment.objects.update(version=2, total=180, outstanding=180, known_at=NOON - HOUR)
        prompt = make_prompt(row, stage=0, version=2, look_again_at=NOON - HOUR)
        with pytest.raises(TaskNotYoursError, match="figures have changed since"):
            tell(task, agent, version=1)
        assert (AgentTask.objects.get().status, fresh(prompt)) == ("open", [("active", None, False)])
        assert check_coverage(clock()) == 1
        tell(task, agent, version=2)
        assert (AgentTask.objects.get().version, fresh(prompt)) == (2, [("told", None, False)])
        assert check_coverage(clock()) == 0

    @pytest.mark.parametrize(("outcome", "alarms"), [("told", 0), ("not_reached", 0), ("", 0), ("not_needed", 1)])
    def test_who_has_the_task_by_the_due_day_has_the_figures_that_hold(
        self, row: Installment, agent: User, outcome: str, alarms: int
    ) -> None:
        task = taken(row, agent)
        AgentTask.objects.update(act_by=NOON)
        Installment.objects.update(version=2, known_at=NOON + HOUR)
        if outcome:
            finish(task_id=task.pk, agent=agent, outcome=outcome, note="x", now=NOON + 2 * HOUR)
        assert look_back(clock(AFTER)) == alarms

    @pytest.mark.parametrize("outcome", ["told", "not_reached"])
    def test_what_was_told_or_tried_before_was_about_others(self, row: Installment, agent: User, outcome: str) -> None:
        task = taken(row, agent)
        AgentTask.objects.update(act_by=NOON)
        finish(task_id=task.pk, agent=agent, outcome=outcome, note="x", now=NOON)
        Installment.objects.update(version=2, known_at=NOON + HOUR)
        assert look_back(clock(AFTER)) == 1
