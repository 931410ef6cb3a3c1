"""Which figures count as told: those that somebody may have read, not those that lie unread in the portal."""

from datetime import datetime, timedelta

import pytest
import time_machine

from accounts.tests.factories import make_borrower
from loans import signals
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications.acknowledgement import mark_seen
from notifications.models import Delivery, Prompt
from notifications.placing import place
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt
from notifications.told_before import told_of
from notifications.wording.facts import Facts

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NIGHT = NOON + 11 * HOUR
DUE = TODAY + timedelta(days=25)


@pytest.fixture
def row() -> Installment:
    """Told at noon by text message: 100."""
    row = make_installment(make_loan(make_borrower()), due_on=DUE, known_at=NOON - timedelta(days=9))
    make_delivery(make_prompt(row, status="told"), status="sent", sent_at=NOON, handed_at=NOON)
    return row


def change(row: Installment, total: int, at: datetime) -> None:
    """The bank says another sum; what is to be placed in the portal lies there."""
    row.refresh_from_db()
    Installment.objects.filter(pk=row.pk).update(total=total, outstanding=total, version=row.version + 1, known_at=at)
    with time_machine.travel(at, tick=False):
        signals.installments_changed.send(sender=None, installment_ids=[row.pk])
    place(clock=lambda: at, longest=1)


def news() -> list[tuple[int, str]]:
    """The versions of which it is told that the plan has changed, and what became of that."""
    changed = Prompt.objects.filter(kind=Prompt.Kind.SCHEDULE_CHANGED)
    return list(changed.order_by("pk").values_list("version", "status"))


def amounts(row: Installment) -> list[int]:
    """Those that were told, the first one first."""
    return [int(told.figures.amount) for told in told_of([row.pk]) if told.figures]


def test_what_lies_unread_in_the_portal_was_not_told(row: Installment) -> None:
    """A figure of the night that was corrected before morning is no news to anybody."""
    change(row, 120, NIGHT)
    assert Delivery.objects.get(channel="in_app").status == "sent"
    assert amounts(row) == [100]
    change(row, 100, NIGHT + 3 * HOUR)
    assert news() == [(2, "cancelled")]


def test_it_is_not_named_as_what_they_were_told(row: Installment) -> None:
    change(row, 120, NIGHT)
    change(row, 110, NIGHT + 3 * HOUR)
    assert news() == [(2, "cancelled"), (3, "active")]
    placed = Delivery.objects.get(channel="in_app", prompt__version=3)
    assert Facts.from_json(placed.facts or {}).previous_amount == 100


def test_what_was_read_there_was_told(row: Installment) -> None:
    change(row, 120, NIGHT)
    mark_seen(prompt=Prompt.objects.get(version=2), now=NIGHT + HOUR)
    change(row, 100, NIGHT + 3 * HOUR)
    assert amounts(row) == [100, 120]
    assert news() == [(2, "cancelled"), (3, "active")]


def test_what_the_portal_alone_can_say_is_told_there(row: Installment) -> None:
    row.loan.borrower.contact_points.update(retired_at=NOON)
    change(row, 120, NIGHT)
    assert amounts(row) == [100, 120]


@pytest.mark.parametrize("status", ["told", "firm_told", "acknowledged"])
def test_by_word_they_were_told_the_figures_that_lie_there(row: Installment, status: str) -> None:
    change(row, 120, NIGHT)
    Prompt.objects.filter(version=2).update(status=status)
    assert amounts(row) == [100, 120]
