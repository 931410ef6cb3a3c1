"""The loan's page gives notice before an adverse report, to operators alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications import tasks
from notifications.models import Prompt
from notifications.tests.factories import TODAY
from portal.tests.desk import desk_of, make_desk_agent, make_operator, make_superuser, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 403, 404, 405


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)


@pytest.fixture
def overdue() -> Installment:
    return make_installment(make_loan(make_borrower()), due_on=TODAY - timedelta(days=12))


@pytest.fixture
def desk() -> Client:
    return desk_of(make_operator())


def notice_address(overdue: Installment) -> str:
    return reverse("admin:loans_loan_notice", args=[overdue.loan_id])


def post(page: Client, overdue: Installment, days: str = "10") -> Any:
    return page.post(notice_address(overdue), {"days": days}, follow=True)


def test_an_operator_gives_notice_from_the_loans_page(desk: Client, overdue: Installment) -> None:
    page = desk.get(reverse("admin:loans_loan_change", args=[overdue.loan_id])).content.decode()
    assert f'formaction="{notice_address(overdue)}"' in page
    assert "Notice is given about 1 installment." in said(post(desk, overdue))
    assert (Prompt.objects.get().kind, Prompt.objects.get().stage) == ("prior_notice", 10)
    assert LogEntry.objects.get().change_message == "Notice about 1 installments, 10 days before."


def test_what_was_left_out_is_said_with_the_reason(desk: Client, overdue: Installment) -> None:
    make_dispute(overdue.loan)
    assert "its borrower disputes it" in said(post(desk, overdue))
    assert not Prompt.objects.filter(kind="prior_notice").exists()


@pytest.mark.parametrize("odd", ["", "0", "-3", "366", "x", "1e9", "９", "9" * 40])
def test_odd_days_are_refused(desk: Client, overdue: Installment, odd: str) -> None:
    assert "1 to 365" in said(post(desk, overdue, odd))
    assert not Prompt.objects.exists()


def test_an_agent_neither_sees_nor_gives_it(overdue: Installment) -> None:
    agent = desk_of(make_desk_agent())
    page = agent.get(reverse("admin:loans_loan_change", args=[overdue.loan_id])).content.decode()
    assert notice_address(overdue) not in page
    assert agent.post(notice_address(overdue), {"days": "10"}).status_code == FORBIDDEN
    assert not Prompt.objects.exists()


def test_nobody_gives_notice_to_themselves_or_by_a_link(desk: Client, overdue: Installment) -> None:
    root = make_superuser()
    type(overdue.loan).objects.update(borrower=root)
    assert desk_of(root).post(notice_address(overdue), {"days": "10"}).status_code == FORBIDDEN
    assert desk.get(notice_address(overdue)).status_code == NOT_ALLOWED
    assert desk.post(reverse("admin:loans_loan_notice", args=[9999]), {"days": "10"}).status_code == NOT_FOUND
