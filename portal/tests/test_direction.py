"""Nobody's words turn the direction of a page's line, and none of their characters are lost."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from accounts.direction import DIRECTION_MARKS, TURNING, WEAK_MARKS, without_turns
from accounts.models import User
from loans.models import Loan, Partner, StatementLine
from loans.tests.disputes import make_dispute
from notifications.models import AgentTask
from portal.direction import still
from portal.tests.desk import desk_of, line_page, make_agent_and_operator, make_world, task_page
from portal.tests.people import sign_in

TURN = "\u202e"
LEAK = "\u2069\u202e"
"""Ends an isolate around it, then turns."""
LETTERS = st.sampled_from(f"ab<>&\"'/ {WEAK_MARKS}{TURNING}") | st.characters(exclude_characters="\ufffd")
words = st.text(LETTERS)


def texts_of(page: str) -> str:
    """What a browser shows as text outside of fields."""
    page = re.sub(r"(?s)<(textarea|script)\b.*?</\1\s*>", "", page)
    return re.sub(r"<[^>]*>", "", page)


@given(words)
def test_a_text_keeps_everything_but_what_turns(text: str) -> None:
    shown = without_turns(text)
    assert not DIRECTION_MARKS.search(shown)
    assert shown.replace("\ufffd", "") == DIRECTION_MARKS.sub("", text)
    assert shown.count("\ufffd") == sum(text.count(one) for one in TURNING)


@given(words)
def test_fields_and_attributes_go_back_to_the_server_as_they_came(text: str) -> None:
    kept = f'<input value="{escape(text)}"><textarea name="words">{escape(text)}</textarea>'
    assert still(f"<p>{escape(text)}</p>{kept}") == f"<p>{without_turns(escape(text))}</p>{kept}"


@pytest.mark.django_db
@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("turn", [TURN, LEAK, "\u2067", "\u061c"])
def test_no_page_of_borrower_or_desk_is_turned_by_what_others_wrote(turn: str) -> None:
    world = make_world()
    evil = f"Lin{turn} 000,1"
    User.objects.filter(pk=world.borrower.pk).update(name=evil)
    Loan.objects.filter(pk=world.loan.pk).update(product=evil)
    Partner.objects.update(name=evil)
    StatementLine.objects.filter(pk=world.line.pk).update(remittance=evil)
    AgentTask.objects.filter(pk=world.task.pk).update(note=evil)
    dispute = make_dispute(world.loan, words=f"I paid{turn} 000,1")
    agent = make_agent_and_operator()
    page, desk = sign_in(world.borrower), desk_of(agent)
    own = [reverse("home"), reverse("loan", args=[world.loan.pk]), reverse("messages"), reverse("disputes")]
    own += [reverse("dispute", args=[dispute.pk]), f"{reverse('dispute_open')}?loan={world.loan.pk}"]
    theirs = [
        *(reverse("admin:index"), task_page(world.task), line_page(world.line)),
        *(reverse("admin:accounts_user_change", args=[world.borrower.pk]), reverse("admin:loans_loan_changelist")),
        *(reverse("admin:loans_dispute_change", args=[dispute.pk]), reverse("admin:loans_dispute_changelist")),
        *(reverse("admin:loans_statementline_changelist"), reverse("admin:notifications_agenttask_changelist")),
    ]
    for reader, address in [*((page, each) for each in own), *((desk, each) for each in theirs)]:
        response = reader.get(address)
        assert response.status_code == 200, address
        assert not DIRECTION_MARKS.search(texts_of(response.content.decode())), address
    assert User.objects.get(pk=world.borrower.pk).name == evil
    assert turn in dispute.messages.get().words


@pytest.mark.django_db
def test_words_in_another_direction_have_a_line_of_their_own(page: Client, loan: Loan) -> None:
    dispute = make_dispute(loan, words="دفعت أمس")
    shown = page.get(reverse("dispute", args=[dispute.pk])).content.decode()
    assert '<div class="quote" dir="auto"><p>دفعت أمس</p></div>' in shown
