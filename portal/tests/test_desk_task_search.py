"""A task is found by the number of each loan that it is about."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment, Loan
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.models import AgentTask, Prompt
from notifications.tests.factories import NOON, TODAY, make_prompt
from notifications.tests.test_tellings import make_payment
from notifications.tests.written import task_about_texts
from portal.tests.desk import desk_of, make_desk_agent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def row() -> Installment:
    return make_installment(make_loan(make_borrower()), due_on=TODAY)


@pytest.fixture
def desk() -> Client:
    return desk_of(make_desk_agent())


def task(borrower: User, **about: object) -> AgentTask:
    fields = {"kind": "unreachable", "reason": "x", "act_by": NOON, "created_at": NOON, **about}
    return AgentTask.objects.create(borrower=borrower, **fields)


def found(desk: Client, loan: Loan) -> list[AgentTask]:
    address = reverse("admin:notifications_agenttask_changelist")
    return list(desk.get(address, {"q": f" {loan.external_id.lower()} "}).context["cl"].result_list)


@pytest.mark.parametrize("kind", ["still_waiting", "untold"])
def test_a_task_about_an_installment_is_found(desk: Client, row: Installment, kind: str) -> None:
    assert found(desk, row.loan) == []
    one = task(row.loan.borrower, installment=row, kind=kind)
    assert found(desk, row.loan) == [one]


def test_so_is_one_about_a_payment_or_a_dispute(desk: Client, row: Installment) -> None:
    borrower = row.loan.borrower
    payment = make_payment(row, status="returned", returned_at=NOON)
    came_back = make_prompt(row, kind="payment_returned", payment=payment)
    decided = make_prompt(row, kind="dispute_decided", dispute=make_dispute(row.loan, now=NOON))
    Prompt.objects.update(installment=None)
    tasks = [task(borrower, prompt=prompt) for prompt in (came_back, decided)]
    assert found(desk, row.loan) == tasks


def test_so_is_one_that_names_it_beside_another_and_only_once(desk: Client, row: Installment) -> None:
    other = make_installment(make_loan(row.loan.borrower), due_on=TODAY)
    leader = make_prompt(other, status=Prompt.Status.ESCALATED)
    make_prompt(row, told_with=leader, status=Prompt.Status.ESCALATED)
    one = task(row.loan.borrower, prompt=leader)
    assert found(desk, row.loan) == [one]
    assert found(desk, other.loan) == [one]


def test_so_is_what_its_borrower_wrote_and_nothing_of_other_loans(desk: Client, row: Installment) -> None:
    other = make_installment(make_loan(row.loan.borrower), due_on=TODAY)
    task(row.loan.borrower, prompt=make_prompt(other, status=Prompt.Status.ESCALATED))
    written = task_about_texts(row.loan.borrower)
    assert found(desk, row.loan) == [written]


def test_it_reads_the_tasks_of_these_borrowers_alone(desk: Client, row: Installment) -> None:
    with CaptureQueriesContext(connection) as ran:
        found(desk, row.loan)
    asked = [one["sql"] for one in ran if '"notifications_agenttask"."borrower_id" IN' in (one["sql"] or "")]
    assert asked
