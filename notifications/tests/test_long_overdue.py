"""What was long overdue when it was first known is told to nobody by itself, and counted."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from loans.models import Installment
from loans.tests.factories import make_installment
from notifications.clock import Clock
from notifications.long_overdue import count_long_overdue
from notifications.models import Prompt
from notifications.planning import plan_overdue
from notifications.tests.factories import NOON, make_prompt
from notifications.tests.sweeps import all_ended

pytestmark = pytest.mark.django_db
TODAY = NOON.date()


def overdue(days: int, known: datetime = NOON - timedelta(hours=1), **fields: Any) -> Installment:
    return make_installment(due_on=TODAY - timedelta(days=days), known_at=known, **fields)


def known_on(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.mark.parametrize("days", [31, 45, 400])
def test_what_was_long_overdue_when_it_came_is_told_to_nobody_and_counted(days: int) -> None:
    overdue(days)
    assert plan_overdue(Clock.at(NOON)) == 0
    assert count_long_overdue(NOON) == 1


def test_within_the_calendar_it_is_told_and_not_counted() -> None:
    overdue(30)
    assert plan_overdue(Clock.at(NOON)) == 1
    assert count_long_overdue(NOON) == 0


def test_what_was_known_in_time_is_not_counted_however_long_it_is_overdue() -> None:
    overdue(400, known=known_on(TODAY - timedelta(days=420)))
    overdue(60, known=known_on(TODAY - timedelta(days=50)))
    assert count_long_overdue(NOON) == 0


def test_what_is_paid_or_had_its_notice_is_not_counted() -> None:
    overdue(45, state="settled", paid=Decimal(100))
    make_prompt(overdue(45), kind=Prompt.Kind.PRIOR_NOTICE)
    assert count_long_overdue(NOON) == 0


def test_the_command_says_how_many_and_still_ends_well() -> None:
    all_ended(NOON)
    overdue(45)
    out = StringIO()
    with time_machine.travel(NOON, tick=False):
        call_command("check_coverage", stdout=out)
    assert "more than 30 days overdue when they were first known: 1." in out.getvalue()
