"""Disputes on the desk: what runs out first, answered, and decided once."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.disputes import decide
from loans.models import Dispute, Installment
from loans.tests.disputes import FILE, make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.models import Prompt
from portal.tests.dispute_desk import address, dispute_about, shown, sign_in

pytestmark = pytest.mark.django_db
DUE = date(2026, 11, 25)
Kind = Prompt.Kind
QUEUE = "admin:loans_dispute_changelist"


@pytest.fixture
def agent() -> User:
    return make_agent(locale="en")


@pytest.fixture
def desk(agent: User) -> Client:
    """The browser of an agent who may decide disputes."""
    return sign_in("view_dispute", "change_dispute", agent=agent)


@pytest.fixture
def installment() -> Installment:
    return make_installment(make_loan(), due_on=DUE)


def test_the_queue_shows_what_runs_out_first_and_what_is_late(desk: Client) -> None:
    now = timezone.now()
    loan = make_loan()
    fresh, late, soon, decided = (make_dispute(loan, now=now - timedelta(days=days)) for days in (0, 20, 14, 30))
    decide(dispute=decided, agent=make_agent(), decision="upheld", words="Yes.", now=now)
    response = desk.get(reverse(QUEUE))
    assert list(response.context["cl"].result_list) == [late, soon, fresh]
    page = response.content.decode()
    assert page.count("LATE") == 1
    assert decided.receipt_number not in page
    assert list(desk.get(reverse(QUEUE), {"standing": "decided"}).context["cl"].result_list) == [decided]
    assert len(desk.get(reverse(QUEUE), {"standing": "all"}).context["cl"].result_list) == 4


def test_the_queue_is_found_by_receipt_number(desk: Client) -> None:
    wanted, _other = make_dispute(), make_dispute()
    found = desk.get(reverse(QUEUE), {"q": wanted.receipt_number.lower()}).context["cl"].result_list
    assert list(found) == [wanted]


def test_the_queue_costs_the_same_for_one_and_for_thirty(desk: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(30):
        dispute_about(make_installment(due_on=DUE))
    with django_assert_max_num_queries(9):
        desk.get(reverse(QUEUE))


def test_an_answer_is_sent_logged_and_told(desk: Client, agent: User, installment: Installment) -> None:
    dispute = dispute_about(installment)
    form = {"answer": "1", "answer-words": "Which <day>?", "answer-form_token": str(uuid4())}
    for _ in range(2):
        assert desk.post(address(dispute), form).status_code == 302
    message = dispute.messages.get(by_agent=True)
    assert (message.author, message.words) == (agent, "Which <day>?")
    assert Prompt.objects.filter(dispute=dispute, kind=Kind.DISPUTE_ANSWERED).count() == 1
    assert LogEntry.objects.filter(object_id=dispute.pk, user=agent).first().change_message == "Answered."  # type: ignore[union-attr]
    assert "Which &lt;day&gt;?" in shown(desk, dispute)


def test_a_decision_is_taken_once_and_logged(desk: Client, agent: User, installment: Installment) -> None:
    dispute = dispute_about(installment)
    form = {"decide": "1", "decide-decision": "upheld", "decide-words": "You are right."}
    assert desk.post(address(dispute), form).status_code == 302
    dispute.refresh_from_db()
    assert (dispute.decision, dispute.decided_by) == ("upheld", agent)
    page = shown(desk, dispute)
    assert "You are right</span>" in page
    assert 'name="decide"' not in page
    assert LogEntry.objects.get(object_id=dispute.pk).change_message == "Decided: upheld."


def test_the_second_agent_is_told_and_their_words_are_given_back(desk: Client, installment: Installment) -> None:
    dispute = dispute_about(installment)
    decide(dispute=dispute, agent=make_agent(), decision="rejected", words="No.", now=timezone.now())
    for form in (
        {"decide": "1", "decide-decision": "upheld", "decide-words": "I differ."},
        {"answer": "1", "answer-words": "I differ."},
    ):
        response = desk.post(address(dispute), form)
        assert response.status_code == 409
        assert "This dispute is decided already." in response.content.decode()
        assert "I differ." in response.content.decode()
    dispute.refresh_from_db()
    assert dispute.decision == "rejected"
    assert dispute.messages.count() == 2
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"decide": "1", "decide-words": "Kept words"}, "Choose a decision."),
        ({"decide": "1", "decide-decision": "upheld", "decide-words": " "}, "Give the reasons"),
        ({"decide": "1", "decide-decision": "maybe", "decide-words": "Kept words"}, "Select a valid choice"),
        ({"answer": "1", "answer-words": ""}, "Write what the borrower is to read."),
        ({}, "Write what the borrower is to read."),
    ],
)
def test_what_is_missing_is_said_and_words_are_kept(
    form: dict[str, str], words: str, desk: Client, installment: Installment
) -> None:
    dispute = dispute_about(installment)
    response = desk.post(address(dispute), form)
    page = response.content.decode()
    assert response.status_code == 200
    assert words in page
    assert ("Kept words" in page) == ("Kept words" in form.values())
    assert dispute.messages.count() == 1


def test_who_may_only_look_cannot_act(installment: Installment) -> None:
    dispute, looker = dispute_about(installment), sign_in("view_dispute")
    assert 'name="answer"' not in shown(looker, dispute)
    form = {"decide": "1", "decide-decision": "upheld", "decide-words": "Yes."}
    assert looker.post(address(dispute), form).status_code == 403
    assert Dispute.objects.undecided().filter(pk=dispute.pk).exists()


def test_who_has_no_permission_sees_nothing(installment: Installment) -> None:
    dispute, other = dispute_about(installment), sign_in("view_loan")
    assert other.get(address(dispute)).status_code == 403
    assert other.get(reverse(QUEUE)).status_code == 403


def test_nobody_decides_their_own_dispute() -> None:
    agent = make_agent(locale="en")
    dispute = make_dispute(make_loan(agent))
    client = sign_in("view_dispute", "change_dispute", agent=agent)
    assert 'name="decide"' not in shown(client, dispute)
    form = {"decide": "1", "decide-decision": "upheld", "decide-words": "I am right."}
    assert client.post(address(dispute), form).status_code == 403


def test_the_record_is_not_edited_or_deleted_even_by_a_superuser(installment: Installment) -> None:
    dispute, client = dispute_about(installment), Client()
    client.force_login(User.objects.create_superuser("root@example.test"))
    for name in ("admin:loans_dispute_delete", "admin:loans_dispute_add"):
        arguments = [dispute.pk] if "delete" in name else []
        assert client.post(reverse(name, args=arguments), {"post": "yes"}).status_code == 403
    client.post(address(dispute), {"receipt_number": "D-AAAA-AAAA", "status": "decided", "answer": "1"})
    before = dispute.receipt_number
    dispute.refresh_from_db()
    assert (dispute.receipt_number, dispute.status) == (before, Dispute.Status.OPEN)


def test_a_form_without_its_csrf_token_is_refused(agent: User, desk: Client, installment: Installment) -> None:
    dispute, strict = dispute_about(installment), Client(enforce_csrf_checks=True)
    strict.force_login(agent)
    assert strict.post(address(dispute), {"answer": "1", "answer-words": "Hm."}).status_code == 403


def test_a_borrower_is_led_away_from_the_desk(installment: Installment) -> None:
    dispute, client = dispute_about(installment), Client()
    client.force_login(installment.loan.borrower)
    assert client.get(address(dispute)).status_code == 302


@pytest.mark.parametrize("number", ["0", "999999999999999999999", "x"])
def test_a_dispute_that_is_not_there_is_not_found(number: str, desk: Client) -> None:
    assert desk.get(reverse("admin:loans_dispute_change", args=[number])).status_code == 404


def test_files_are_there_to_keep(desk: Client, installment: Installment) -> None:
    dispute = dispute_about(installment, files=[FILE])
    file_address = reverse("dispute_file", args=[dispute.pk, dispute.files.get().pk])
    assert file_address in shown(desk, dispute)
    assert desk.get(file_address)["Content-Disposition"].startswith("attachment")
