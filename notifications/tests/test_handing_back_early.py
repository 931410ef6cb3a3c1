"""What a firm hands back before the day that it is about is told on that day, in its lawful hours, and not before."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from loans.models import Installment
from loans.outages import end_outage
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment
from loans.tests.outward import hear as hear_events
from notifications import tasks
from notifications.cancellation import cancel_settled
from notifications.models import Delivery, Duty, Prompt
from notifications.planning import plan_overdue
from notifications.tests import test_demanding_after_outages as outages
from notifications.tests.factories import NOON, TODAY, claim, clock
from notifications.tests.firms import HOUR, due_in, duty_of, make_rule, named_on, report
from notifications.tests.test_demanding_again import DAY, decided, dispute, make_overdue

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 12, 1, 8, 0, tzinfo=SHANGHAI)
"""The one after a decision of 30 November, noon."""
EVENING = NOON + 8 * DAY + 6 * HOUR
APPLIED = ("applied", "")
Status = Duty.Status


@pytest.fixture(autouse=True)
def _its_bank_has_to_send_what_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    make_rule(kind="overdue")
    hear_events(make_bank())


@pytest.fixture
def row() -> Installment:
    """Overdue; its dispute was rejected at noon, and its firm has its turn for the morning after."""
    row = make_overdue(7)
    decided(dispute(row))
    return row


def again() -> Prompt:
    return Prompt.objects.get(kind="overdue", stage=16)


def say(row: Installment, at: datetime, proof: str, **data: Any) -> tuple[str, str]:
    return report(row, at=at, kind="overdue", prompt=again().pk, proof=proof, **data)


def begins() -> set[datetime]:
    """When what waits of it goes out, on each channel."""
    waiting = Delivery.objects.filter(prompt=again(), status="queued")
    return set(waiting.values_list("next_attempt_at", flat=True))


def test_who_reached_nobody_on_the_evening_of_the_decision_lets_the_portal_tell_in_the_morning(
    row: Installment,
) -> None:
    assert say(row, EVENING, "failed") == APPLIED
    assert claim("sms", EVENING + HOUR) == []
    assert (begins(), again().tell_at) == ({MORNING}, MORNING)
    assert (duty_of(again()).status, duty_of(again()).portal_at) == (Status.TAKEN_OVER, MORNING)
    assert len(claim("sms", MORNING)) == 1


def test_its_ladder_keeps_its_patience_from_then_on(row: Installment) -> None:
    waits = again().look_again_at - again().tell_at
    say(row, EVENING, "failed")
    assert again().look_again_at == MORNING + waits


def test_so_it_is_where_the_firm_had_called_it_delivered_that_evening(row: Installment) -> None:
    sent = (EVENING - HOUR).isoformat()
    assert say(row, EVENING - HOUR, "delivered", sent_at=sent) == APPLIED
    assert say(row, EVENING, "failed", sent_at=sent) == APPLIED
    assert (again().status, begins(), again().look_again_at) == (Prompt.Status.ACTIVE, {MORNING}, MORNING)
    assert claim("sms", EVENING + HOUR) == []
    assert len(claim("sms", MORNING)) == 1


def test_what_arrived_after_all_before_that_morning_is_not_told_by_the_portal(row: Installment) -> None:
    say(row, EVENING, "failed")
    assert say(row, EVENING + HOUR, "delivered") == APPLIED
    assert again().status == Prompt.Status.FIRM_TOLD
    assert begins() == set()


def test_on_the_day_itself_the_portal_sends_at_once(row: Installment) -> None:
    at = MORNING + HOUR
    assert say(row, at, "failed") == APPLIED
    assert begins() == {at}
    assert len(claim("sms", at)) == 1


def test_what_is_told_together_with_it_waits_for_the_morning_as_well() -> None:
    row = make_overdue(7)
    make_installment(row.loan, due_on=TODAY - 7 * DAY, number=2)
    assert plan_overdue(clock()) == 1
    decided(dispute(row, whole_loan=True))
    first, second = Prompt.objects.filter(kind="overdue", stage=16).order_by("pk")
    assert report(row, at=EVENING, kind="overdue", proof="failed") == APPLIED
    assert {duty_of(one).portal_at for one in (first, second)} == {MORNING}
    assert claim("sms", EVENING + HOUR) == []
    assert len(named_on("sms", MORNING)) == 2


class TestWhatIsPlannedForAnotherDayThanThatOfItsStage:
    """A last stage that is told again takes the next number, and so may its day be a day before that."""

    @pytest.mark.parametrize("first", ["delivered", None])
    def test_after_two_decisions_of_one_day_it_goes_at_once_on_its_morning(self, first: str | None) -> None:
        row = make_overdue(7)
        decided(dispute(row))
        with time_machine.travel(NOON + 8 * DAY, tick=False):
            second = make_dispute(row.loan, installment=row, now=NOON + 8 * DAY)
        decided(second)
        assert self.handed_back(row, Prompt.objects.get(kind="overdue", stage=17), first, MORNING) == {
            MORNING + 2 * HOUR
        }

    @pytest.mark.parametrize("first", ["delivered", None])
    def test_after_an_outage_that_is_over_on_the_day_it_goes_at_once(self, first: str | None) -> None:
        row, outage = outages.make_overdue(), outages.declare()
        end_outage(outage.pk, now=NOON + HOUR)
        outages.sweep(NOON + HOUR)
        assert self.handed_back(row, Prompt.objects.get(kind="overdue", stage=8), first, NOON + HOUR) == {
            NOON + 3 * HOUR
        }

    def handed_back(self, row: Installment, prompt: Prompt, first: str | None, since: datetime) -> set[datetime]:
        """When it goes out, where the firm says two hours after `since` that it reached nobody."""
        said: dict[str, Any] = {"kind": "overdue", "prompt": prompt.pk, "sent_at": (since + HOUR).isoformat()}
        if first:
            assert report(row, at=since + HOUR, proof=first, **said) == APPLIED
        assert report(row, at=since + 2 * HOUR, proof="failed", **said) == APPLIED
        waiting = Delivery.objects.filter(prompt=prompt, status="queued")
        return set(waiting.values_list("next_attempt_at", flat=True))


def test_a_leader_that_is_void_for_a_later_day_does_not_keep_the_message_of_the_others() -> None:
    row = due_in(-1)
    make_installment(row.loan, due_on=row.due_on, number=2)
    assert plan_overdue(clock()) == 2
    first, second = Prompt.objects.filter(kind="overdue").order_by("pk")
    assert first.installment
    assert second.installment
    Installment.objects.filter(pk=first.installment.pk).update(version=2, due_on=TODAY + 20 * DAY)
    cancel_settled([first.installment.pk], now=NOON)
    assert report(second.installment, at=NOON + HOUR, kind="overdue", proof="failed") == APPLIED
    waiting = Delivery.objects.filter(prompt=first, status="queued")
    assert set(waiting.values_list("next_attempt_at", flat=True)) == {NOON + HOUR}
