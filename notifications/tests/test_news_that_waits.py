"""News of changed figures wait while a firm has seen the money, and are told when it comes back: they come once."""

from datetime import timedelta

import pytest
import time_machine

from loans import signals
from loans.models import Installment
from loans.tests.factories import make_installment
from notifications import tasks
from notifications.clock import Clock
from notifications.escalation import climb
from notifications.models import Delivery, Prompt
from notifications.needed import look
from notifications.tests.factories import NOON, TODAY, claim
from notifications.tests.test_withdrawn import news, told

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Prompt:
    """Of other figures than those that the borrower was told; its mail is held until the morning."""
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)
    row = make_installment(due_on=TODAY + timedelta(days=25), known_at=NOON - timedelta(days=9))
    told(row)
    become(row, version=2, total=120, outstanding=120, due_on=TODAY + timedelta(days=40))
    Delivery.objects.filter(prompt__kind="schedule_changed").update(next_attempt_at=NOON + HOUR)
    [prompt] = news()
    return prompt


def become(row: Installment, **figures: object) -> None:
    with time_machine.travel(NOON, tick=False):
        Installment.objects.filter(pk=row.pk).update(**figures)
        signals.installments_changed.send(sender=None, installment_ids=[row.pk])


def statuses() -> list[str]:
    return [prompt.status for prompt in news()]


def test_they_are_not_told_while_it_is_on_its_way(changed: Prompt) -> None:
    assert changed.installment
    become(changed.installment, state="awaiting_bank")
    assert statuses() == ["active"]
    assert look([changed.pk], now=NOON).held == {changed.pk}
    assert claim("email", NOON + HOUR) == []


def test_they_are_told_once_it_has_come_back(changed: Prompt) -> None:
    assert changed.installment
    become(changed.installment, state="awaiting_bank")
    Prompt.objects.filter(pk=changed.pk).update(look_again_at=NOON)
    climb(Clock.at(NOON + 2 * HOUR))
    become(changed.installment, state="open")
    assert statuses() == ["active"]
    assert claim("email", NOON + 2 * HOUR) == []
    assert len(claim("email", NOON + 3 * HOUR)) == 1


def test_they_are_taken_back_once_it_has_arrived(changed: Prompt) -> None:
    assert changed.installment
    become(changed.installment, state="awaiting_bank")
    become(changed.installment, state="settled", paid=120, outstanding=0)
    assert statuses() == ["cancelled"]
