"""What only the platform has seen is waited for, within bounds: a person decides before anything is demanded."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.differences import follow_waiting
from loans.models import Discrepancy, Installment, Partner, Payment
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.positions import say
from notifications import tasks
from notifications.agent_tasks import finish, reveal, take
from notifications.awaiting import ACT_WITHIN, bound_waiting
from notifications.models import AgentTask, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.prior_notice import give_prior_notice
from notifications.receivers import follow_schedule
from notifications.tests.factories import NOON, TODAY, clock, make_prompt

pytestmark = pytest.mark.django_db
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
BOUND = 5 * DAY
NOTHING, ALL = Decimal(0), Decimal(100)
Outcome = AgentTask.Outcome


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)


def make_waiting(due: int = 1) -> Installment:
    """Due so many days from now, paid at the platform at NOON, and not shown by the bank."""
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY + due * DAY)
    say(installment, make_bank(), NOTHING, now=NOON - DAY)
    Payment.objects.create(
        loan=installment.loan, installment=installment, amount=ALL, currency="CNY", status="received", paid_on=TODAY,
        received_at=NOON, end_to_end_id=f"E2E-{installment.pk}",
    )  # fmt: skip
    say(installment, make_platform(), ALL, now=NOON)
    return installment


@pytest.fixture
def waiting() -> Installment:
    return make_waiting()


@pytest.fixture
def agent() -> User:
    return make_agent()


def decide(agent: User, outcome: str, *, after: timedelta = BOUND) -> AgentTask:
    task = AgentTask.objects.open().get()
    with time_machine.travel(NOON + after, tick=False):
        return finish(task_id=task.pk, agent=agent, outcome=outcome, note="Asked both.", now=NOON + after)


def test_a_person_is_asked_at_the_bound_of_the_bank_and_not_before(waiting: Installment) -> None:
    assert bound_waiting(NOON + BOUND - SECOND) == 0
    assert bound_waiting(NOON + BOUND) == 1
    assert bound_waiting(NOON + BOUND + SECOND) == 0
    task = AgentTask.objects.get()
    assert (task.kind, task.installment, task.prompt) == ("still_waiting", waiting, None)
    assert task.act_by == NOON + BOUND + ACT_WITHIN
    event = NoticeEvent.objects.get(kind=NoticeEvent.Kind.ESCALATED)
    assert (event.installment_id, event.borrower_id, event.data["task"]) == (waiting.pk, task.borrower_id, task.pk)


@pytest.mark.parametrize("days", [0, 1, 30])
def test_each_bank_has_its_own_bound(waiting: Installment, days: int) -> None:
    Partner.objects.filter(code="harbour").update(awaiting_bank_days=days)
    assert bound_waiting(NOON + days * DAY - SECOND) == 0
    assert bound_waiting(NOON + days * DAY) == 1


@pytest.mark.parametrize("after", [2 * DAY, BOUND, 30 * DAY])
def test_nothing_is_demanded_before_the_bound_and_nothing_after_it(waiting: Installment, after: timedelta) -> None:
    bound_waiting(NOON + after)
    assert plan_overdue(clock(NOON + after)) == 0
    notices = give_prior_notice([waiting.loan], clock(NOON + after), days=10)
    assert notices.given == 0
    assert "awaits the bank" in str(notices.refused[0])


def test_what_the_bank_shows_in_time_is_nobodys_task(waiting: Installment) -> None:
    say(waiting, make_bank(), ALL, now=NOON + DAY)
    assert bound_waiting(NOON + 9 * DAY) == 0


def test_the_task_closes_by_itself_when_the_bank_shows_the_money(waiting: Installment) -> None:
    bound_waiting(NOON + BOUND)
    say(waiting, make_bank(), ALL, now=NOON + 6 * DAY)
    bound_waiting(NOON + 6 * DAY)
    assert AgentTask.objects.get().outcome == Outcome.NOT_NEEDED


def test_to_go_on_waiting_asks_again_after_as_many_days(waiting: Installment, agent: User) -> None:
    bound_waiting(NOON + BOUND)
    decide(agent, Outcome.KEEP_WAITING)
    waiting.refresh_from_db()
    assert waiting.state == Installment.State.AWAITING_BANK
    assert bound_waiting(NOON + 2 * BOUND - SECOND) == 0
    assert bound_waiting(NOON + 2 * BOUND) == 1


def test_money_that_never_came_is_owed_again_and_its_payer_is_told_first(waiting: Installment, agent: User) -> None:
    bound_waiting(NOON + BOUND)
    done = decide(agent, Outcome.ASK_AGAIN)
    waiting.refresh_from_db()
    assert (done.outcome, waiting.state, waiting.outstanding) == ("ask_again", Installment.State.OPEN, ALL)
    told = list(Prompt.objects.values_list("kind", flat=True))
    assert told == [Prompt.Kind.PAYMENT_RETURNED]
    assert plan_overdue(clock(NOON + BOUND)) == 1
    assert bound_waiting(NOON + 30 * DAY) == 0


def test_what_the_platform_called_paid_by_mistake_is_told_again_at_once() -> None:
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY + DAY)
    say(installment, make_platform(), NOTHING, now=NOON - DAY)
    plan_upcoming(clock())
    say(installment, make_platform(), ALL, now=NOON)
    follow_schedule([installment.pk])
    assert set(Prompt.objects.values_list("status", flat=True)) == {"cancelled"}
    say(installment, make_platform(), NOTHING, now=NOON + HOUR)
    installment.refresh_from_db()
    assert (installment.state, installment.version) == (Installment.State.OPEN, 2)
    assert plan_upcoming(clock(NOON + HOUR)) == 1
    assert Prompt.objects.get(status="active").version == 2


def test_whose_payment_came_back_is_told_that_and_not_the_stage_once_more(waiting: Installment, agent: User) -> None:
    bound_waiting(NOON + BOUND)
    decide(agent, Outcome.ASK_AGAIN)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.version) == (Installment.State.OPEN, 1)


def test_what_only_a_platform_called_paid_is_told_again_when_it_is_given_up(agent: User) -> None:
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY + DAY)
    say(installment, make_bank(), NOTHING, now=NOON - DAY)
    say(installment, make_platform(), ALL, now=NOON)
    bound_waiting(NOON + BOUND)
    decide(agent, Outcome.ASK_AGAIN)
    installment.refresh_from_db()
    assert (installment.state, installment.version) == (Installment.State.OPEN, 2)
    assert plan_overdue(clock(NOON + BOUND)) == 1


def test_what_was_told_before_is_not_called_skipped_when_waiting_is_given_up(agent: User) -> None:
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY, known_at=NOON - 90 * DAY)
    for stage in (7, 3, 1):
        make_prompt(installment, stage=stage, status=Prompt.Status.TOLD)
    say(installment, make_platform(), ALL, now=NOON)
    bound_waiting(NOON + BOUND)
    decide(agent, Outcome.ASK_AGAIN)
    installment.refresh_from_db()
    assert (installment.version, installment.known_at) == (2, NOON + BOUND)
    assert plan_overdue(clock(NOON + BOUND)) == 1
    assert not NoticeEvent.objects.filter(kind=NoticeEvent.Kind.SKIPPED).exists()


def test_what_the_platform_says_after_the_decision_counts_again(waiting: Installment, agent: User) -> None:
    bound_waiting(NOON + BOUND)
    decide(agent, Outcome.ASK_AGAIN)
    say(waiting, make_platform(), ALL, now=NOON + BOUND + DAY)
    assert waiting.state == Installment.State.AWAITING_BANK


def test_a_decision_that_comes_after_the_banks_word_changes_nothing(waiting: Installment, agent: User) -> None:
    bound_waiting(NOON + BOUND)
    say(waiting, make_bank(), ALL, now=NOON + BOUND)
    decide(agent, Outcome.ASK_AGAIN)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.asked_again_at) == (Installment.State.SETTLED, None)


@pytest.mark.parametrize("outcome", [Outcome.TOLD, Outcome.NOT_REACHED, Outcome.CONTACT_MENDED, Outcome.NOT_NEEDED])
def test_it_ends_with_a_decision_about_the_money_and_with_nothing_else(
    waiting: Installment, agent: User, outcome: str
) -> None:
    bound_waiting(NOON + BOUND)
    with pytest.raises(ValueError, match="no outcome"):
        decide(agent, outcome)


def test_it_is_taken_and_its_borrower_looked_up_like_any_task(waiting: Installment, agent: User) -> None:
    bound_waiting(NOON + BOUND)
    task = AgentTask.objects.get()
    take(task_id=task.pk, agent=agent)
    assert reveal(task_id=task.pk, agent=agent, now=NOON)
    event = NoticeEvent.objects.get(kind=NoticeEvent.Kind.REVEALED)
    assert (event.installment_id, event.prompt_id, event.actor_id) == (waiting.pk, None, agent.pk)


def test_whoever_waited_before_differences_were_followed_is_waited_for_from_now_on() -> None:
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY)
    Installment.objects.filter(pk=installment.pk).update(state=Installment.State.AWAITING_BANK)
    assert bound_waiting(NOON + 30 * DAY) == 0
    assert follow_waiting(now=NOON) == 1
    assert follow_waiting(now=NOON + DAY) == 0
    assert bound_waiting(NOON + BOUND - SECOND) == 0
    assert bound_waiting(NOON + BOUND) == 1


def test_one_sweep_does_all_of_it(waiting: Installment) -> None:
    with time_machine.travel(NOON + 9 * DAY, tick=False):
        assert tasks.reconcile() == 2
    assert Discrepancy.objects.open().count() == AgentTask.objects.open().count() == 1


def test_the_bound_costs_the_same_however_many_wait(waiting: Installment) -> None:
    def cost(now: timedelta) -> int:
        with CaptureQueriesContext(connection) as ran:
            assert bound_waiting(NOON + now)
        return len(ran)

    few = cost(BOUND)
    for _place in range(5):
        make_waiting()
    assert cost(BOUND + DAY) == few <= 5
