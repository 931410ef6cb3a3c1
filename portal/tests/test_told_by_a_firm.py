"""What a firm says that it told is shown to its borrower as the firm's word, never as a proof of ours."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from loans.models import Loan
from notifications.models import Prompt
from notifications.tests.factories import NOON
from notifications.tests.firms import make_rule, planned, report
from portal.tests.people import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def loan_page(prompt: Prompt) -> str:
    return sign_in(prompt.borrower).get(reverse("loan", args=[prompt.loan.pk])).content.decode()


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        ("accepted", "Harbour Bank says that it told you (SMS)."),
        ("delivered", "Harbour Bank says that it told you (SMS), and that it arrived."),
        ("seen", "Harbour Bank says that it told you (SMS), and that it was opened."),
        ("acknowledged", "Harbour Bank says that it told you (SMS), and that you answered."),
    ],
)
def test_the_page_of_a_loan_shows_the_firms_word_as_its_word(proof: str, words: str) -> None:
    make_rule(hours=2)
    prompt = planned()
    assert "says that it told you" not in loan_page(prompt)
    assert prompt.installment is not None
    report(prompt.installment, proof=proof)
    shown = loan_page(prompt)
    assert words in shown
    assert "That is its word, not our proof." in shown
    assert "tone-good" not in shown[shown.index("says that it told you") - 300 : shown.index("says that it told you")]


def test_a_word_that_is_not_enough_is_shown_too() -> None:
    make_rule(hours=2)
    prompt = planned(days=0)
    assert prompt.installment is not None
    report(prompt.installment, at=NOON + timedelta(minutes=30))
    assert "Harbour Bank says that it told you (SMS)." in loan_page(prompt)


def test_the_firms_words_cost_no_query() -> None:
    make_rule(hours=2)
    prompt = planned()
    assert prompt.installment is not None
    with CaptureQueriesContext(
        connection,
    ) as before:
        loan_page(prompt)
    report(prompt.installment)
    assert Loan.objects.count() == 1
    with CaptureQueriesContext(connection) as after:
        loan_page(prompt)
    assert len(after) <= len(before)
