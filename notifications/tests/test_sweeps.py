"""A sweep that fails keeps none behind it waiting, and fails all the same in the end."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications import tasks
from notifications.models import AgentTask, Delivery, Duty, Prompt
from notifications.tests.factories import NOON, TODAY, make_delivery
from notifications.tests.firms import make_rule, planned
from notifications.tests.test_awaiting import BOUND, make_waiting

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
Break = Callable[..., None]


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Break:
    def break_it(*sweeps: str) -> None:
        for sweep in sweeps:

            def fail(*_: object, sweep: str = sweep, **__: object) -> int:
                raise RuntimeError(sweep)

            monkeypatch.setattr(f"notifications.tasks.{sweep}", fail)

    return break_it


def test_overdue_ones_are_planned_where_upcoming_ones_cannot_be(broken: Break) -> None:
    make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)
    broken("planning.plan_upcoming")
    with time_machine.travel(NOON, tick=False), pytest.raises(RuntimeError, match="plan_upcoming"):
        tasks.plan()
    assert Prompt.objects.get().kind == "overdue"


def test_what_no_receipt_came_of_is_timed_out_and_dead_workers_are_followed_where_providers_cannot_be_judged(
    broken: Break,
) -> None:
    silent = make_delivery(status="sent", sent_at=NOON)
    dropped = make_delivery(status="sending", provider="kannel", claimed_at=NOON, claimed_by=1, handed_at=NOON)
    broken("supplier_receipts.pass_over_slow")
    with time_machine.travel(NOON + 9 * DAY, tick=False), pytest.raises(RuntimeError, match="pass_over_slow"):
        tasks.tidy()
    assert Delivery.objects.get(pk=silent.pk).status == "unconfirmed"
    followed = Delivery.objects.get(pk=dropped.pk)
    assert (followed.status, followed.reason) == ("unconfirmed", "its worker died while handing it over")


def test_firms_that_are_silent_are_taken_over_from_where_ladders_cannot_be_climbed(broken: Break) -> None:
    make_rule()
    planned(3)
    broken("escalation.climb")
    with time_machine.travel(NOON + 2 * DAY, tick=False), pytest.raises(RuntimeError, match="climb"):
        tasks.climb_ladders()
    assert Duty.objects.get().status == "taken_over"


def test_a_person_is_asked_about_money_whatever_else_is_broken_and_the_last_fault_is_raised(
    broken: Break, caplog: pytest.LogCaptureFixture
) -> None:
    make_waiting()
    broken("differences.follow_waiting", "discrepancies.sweep", "feeds.watch_feeds")
    with time_machine.travel(NOON + BOUND, tick=False), pytest.raises(RuntimeError, match="watch_feeds"):
        tasks.reconcile()
    assert AgentTask.objects.get().kind == "still_waiting"
    assert caplog.text.count("A sweep has failed") == 3
