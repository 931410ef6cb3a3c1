"""Tasks about an installment, with what agents noted in them, go by the clock of its prompts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from loans.models import Installment
from notifications.models import AgentTask
from notifications.purging import purge
from notifications.tests.factories import NOON
from notifications.tests.test_purging import APRIL, LATER, LONG_AGO, dispute_about, told

pytestmark = pytest.mark.django_db
LATELY = datetime(2024, 1, 1, tzinfo=UTC)


def task_about(row: Installment, kind: str = "untold", **fields: Any) -> AgentTask:
    """One that was done long ago, with a note about its borrower."""
    made: dict[str, Any] = {
        "reason": "", "act_by": LONG_AGO, "status": "done", "outcome": "told", "note": "Ill since January.",
        "created_at": LONG_AGO, "done_at": LONG_AGO,
    }  # fmt: skip
    return AgentTask.objects.create(installment=row, borrower=row.loan.borrower, kind=kind, **(made | fields))


def stays(task: AgentTask) -> bool:
    purge(APRIL, now=NOON)
    return AgentTask.objects.filter(pk=task.pk).exists()


@pytest.mark.parametrize("kind", ["untold", "still_waiting"])
def test_what_was_done_about_an_installment_long_ago_goes(kind: str) -> None:
    assert not stays(task_about(told(), kind))


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "open", "outcome": "", "done_at": None},
        {"done_at": LATELY},
        {"created_at": LATER},
    ],
    ids=["open", "done lately", "of a later month"],
)
def test_what_is_open_or_younger_stays(fields: dict[str, Any]) -> None:
    assert stays(task_about(told(), **fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "open", "settled_on": None, "paid": 0, "outstanding": 100},
        {"state": "awaiting_bank", "settled_on": None, "paid": 0, "outstanding": 100},
        {"settled_on": date(2021, 6, 1)},
    ],
    ids=["owed", "awaiting the bank", "settled lately"],
)
def test_what_is_about_money_that_is_owed_or_was_lately_stays(fields: dict[str, Any]) -> None:
    row = told()
    Installment.objects.filter(pk=row.pk).update(**fields)
    assert stays(task_about(row))


@pytest.mark.parametrize("decided_at", [None, LATELY])
def test_what_is_about_something_disputed_stays(decided_at: datetime | None) -> None:
    row = told()
    task = task_about(row)
    dispute_about(row, decided_at)
    assert stays(task)


def test_what_was_disputed_long_ago_goes() -> None:
    row = told()
    task = task_about(row)
    dispute_about(row, datetime(2018, 9, 1, tzinfo=UTC))
    assert not stays(task)


def test_a_dispute_about_another_installment_of_the_loan_holds_nothing_but_one_about_the_loan_does() -> None:
    row, other = told(), told()
    Installment.objects.filter(pk=other.pk).update(loan=row.loan, number=99)
    task = task_about(row)
    dispute = dispute_about(other)
    type(dispute).objects.update(loan=row.loan, installment=None)
    assert stays(task)
    type(dispute).objects.update(installment=other)
    assert not stays(task)
