"""Bank lines that wait for an agent: shown with what they could be, and decided once."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.models import Installment, StatementLine
from loans.tests.factories import make_installment, make_loan
from notifications.models import Prompt
from notifications.tests.factories import TODAY
from portal.tests.desk import World, desk_of, line_page, make_desk_agent, make_world, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
CONFLICT = 409


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


def test_a_line_shows_what_it_could_be_and_is_matched(
    desk: Client, agent: User, world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    page = desk.get(line_page(world.line)).content.decode()
    assert f'name="match" value="{world.installment.pk}"' in page
    with django_capture_on_commit_callbacks():
        response = desk.post(line_page(world.line), {"match": str(world.installment.pk), "sure": "1"})
    assert response["Location"] == reverse("admin:loans_statementline_changelist")
    world.line.refresh_from_db()
    world.installment.refresh_from_db()
    assert (world.line.match, world.line.decided_by) == ("matched", agent)
    assert world.installment.state == Installment.State.SETTLED
    assert Prompt.objects.filter(kind=Prompt.Kind.PAYMENT_SETTLED).count() == 1


def test_a_waiting_payment_of_that_sum_is_offered_and_taken(desk: Client, world: World) -> None:
    StatementLine.objects.update(amount=world.payment.amount)
    value = f"{world.installment.pk}:{world.payment.pk}"
    assert f'value="{value}"' in desk.get(line_page(world.line)).content.decode()
    desk.post(line_page(world.line), {"match": value, "sure": "1"})
    world.line.refresh_from_db()
    assert world.line.payment == world.payment


@pytest.mark.parametrize("other_sum", [False, True])
def test_before_anything_is_booked_loan_borrower_and_sum_are_shown(desk: Client, world: World, other_sum: bool) -> None:
    StatementLine.objects.update(amount=world.line.amount - other_sum)
    page = desk.post(line_page(world.line), {"match": str(world.installment.pk)}).content.decode()
    for words in (world.loan.external_id, str(world.borrower), "¥100.00", 'name="sure"', "Left to pay"):
        assert words in page, words
    assert ("another sum" in page) == other_sum
    assert StatementLine.objects.waiting().get() == world.line


def test_a_decision_is_taken_back_with_a_reason_that_stays_in_the_history(
    desk: Client, world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    assert 'name="take_back"' not in desk.get(line_page(world.line)).content.decode()
    desk.post(line_page(world.line), {"match": str(world.installment.pk), "sure": "1"})
    assert 'name="take_back"' in desk.get(line_page(world.line)).content.decode()
    assert "what was wrong" in desk.post(line_page(world.line), {"take_back": "1"}).content.decode()
    assert not StatementLine.objects.waiting().exists()
    with django_capture_on_commit_callbacks():
        answer = desk.post(line_page(world.line), {"take_back": "1", "wrong": "The row above."}, follow=True)
    assert "waits to be decided again" in said(answer)
    assert StatementLine.objects.waiting().get() == world.line
    world.installment.refresh_from_db()
    assert world.installment.state == Installment.State.OPEN
    assert any("The row above." in entry.change_message for entry in LogEntry.objects.all())
    assert desk.post(line_page(world.line), {"take_back": "1", "wrong": "Again."}).status_code == CONFLICT
    assert Prompt.objects.filter(kind=Prompt.Kind.PAYMENT_RETURNED).count() == 1


def test_another_loan_is_looked_up_by_its_number(desk: Client, world: World) -> None:
    other = make_installment(make_loan(external_id="LN-OTHER"), due_on=TODAY, total=world.line.amount + 1)
    page = desk.get(line_page(world.line), {"loan": "LN-OTHER"}).content.decode()
    assert f'name="match" value="{other.pk}"' in page
    assert "is not known" in desk.get(line_page(world.line), {"loan": "<b>"}).content.decode()


def test_a_line_is_set_aside_with_a_reason_or_not_at_all(desk: Client, world: World) -> None:
    assert "Say why" in desk.post(line_page(world.line), {"set_aside": "1"}).content.decode()
    desk.post(line_page(world.line), {"set_aside": "1", "reason": "rent"})
    world.line.refresh_from_db()
    assert (world.line.match, world.line.why) == ("set_aside", "rent")
    assert "Set aside." in [entry.change_message for entry in LogEntry.objects.all()]


@pytest.mark.parametrize("match", ["", "x", "0", "9" * 30, "1:x", "999999", "999999:1"])
@pytest.mark.parametrize("sure", [{}, {"sure": "1"}])
def test_a_forged_choice_decides_nothing(desk: Client, world: World, match: str, sure: dict[str, str]) -> None:
    response = desk.post(line_page(world.line), {"match": match, **sure})
    assert response.status_code in {200, CONFLICT}
    assert said(response)
    assert StatementLine.objects.waiting().get() == world.line


def test_an_agents_own_loan_is_for_a_colleague(desk: Client, agent: User, world: World) -> None:
    own = make_installment(make_loan(agent, external_id="LN-OWN"), due_on=TODAY, total=world.line.amount)
    assert "LN-OWN" not in desk.get(line_page(world.line)).content.decode()
    response = desk.post(line_page(world.line), {"match": str(own.pk), "sure": "1"})
    assert response.status_code == CONFLICT
    assert "a colleague decides" in said(response)
    assert StatementLine.objects.waiting().get() == world.line


def test_the_second_agent_is_told_who_decided(desk: Client, world: World) -> None:
    StatementLine.objects.update(match="set_aside", decided_by=make_agent())
    response = desk.post(line_page(world.line), {"match": str(world.installment.pk)})
    assert response.status_code == CONFLICT
    assert "decided already: set aside by an agent, by Agent" in said(response)
