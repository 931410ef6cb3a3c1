"""An open page that asks whether there is news is answered at once where there is none, and only to its own reader."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment, Loan
from loans.tests.factories import make_installment
from notifications.tests.factories import NOON
from portal.pages.nothing_new import reader_of
from portal.tests.people import day, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "owed")]
HOME = reverse("home")
SHORT = 204


@pytest.fixture
def owed(loan: Loan) -> Installment:
    return make_installment(loan, due_on=day(3))


def question_of(page: Client) -> str:
    """Where the page asks whether there is news."""
    found = re.search(r'hx-get="([^"]+)"', page.get(HOME).content.decode())
    assert found
    return found[1].replace("&amp;", "&")


def test_no_news_costs_one_query_and_nothing_of_what_pages_need(
    page: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    question = question_of(page)
    with django_assert_num_queries(1):
        answer = page.get(question)
    assert answer.status_code == SHORT
    assert "no-store" in answer["Cache-Control"]
    assert "Content-Security-Policy" not in answer
    assert not answer.cookies


def test_news_are_told_on_the_long_way(page: Client, owed: Installment) -> None:
    question = question_of(page)
    Installment.objects.filter(pk=owed.pk).update(payment_reference="NEW-REFERENCE")
    answer = page.get(question)
    assert answer.status_code == 200
    assert "NEW-REFERENCE" in answer.content.decode()
    assert "Content-Security-Policy" in answer


def end_session(_borrower: User) -> None:
    Session.objects.all().delete()


def let_session_run_out(_borrower: User) -> None:
    Session.objects.update(expire_date=NOON - timedelta(seconds=1))


def bar(borrower: User) -> None:
    User.objects.filter(pk=borrower.pk).update(is_active=False)


def change_password(borrower: User) -> None:
    borrower.set_password("another one")
    borrower.save()


@pytest.mark.parametrize("end", [end_session, let_session_run_out, bar, change_password])
def test_who_is_not_signed_in_any_more_is_told_nothing(
    page: Client, borrower: User, end: Callable[[User], None]
) -> None:
    question = question_of(page)
    assert page.get(question).status_code == SHORT
    end(borrower)
    assert page.get(question).status_code == 302


def test_the_question_of_one_reader_is_news_to_another(page: Client) -> None:
    other = sign_in(make_borrower())
    mine, theirs = question_of(page), question_of(other)
    assert page.get(theirs).status_code == 200
    assert other.get(mine).status_code == 200
    assert page.get(mine).status_code == SHORT


def test_another_language_zone_or_day_is_news(page: Client, borrower: User) -> None:
    for change in ({"locale": "zh-hant"}, {"time_zone": "America/New_York"}):
        question = question_of(page)
        assert page.get(question).status_code == SHORT
        User.objects.filter(pk=borrower.pk).update(**change)
        assert page.get(question).status_code == 200
    question = question_of(page)
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        assert page.get(question).status_code == 200


@pytest.mark.parametrize("host", ["elsewhere.example", "bad host"])
def test_a_host_that_is_not_ours_is_refused(page: Client, host: str) -> None:
    question = question_of(page)
    assert page.get(question, headers={"Host": host}).status_code == 400


def test_a_key_that_was_replaced_signs_nobody_out(page: Client, settings: Settings) -> None:
    question = question_of(page)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key, of some length, for those who come", [old]
    reader_of.cache_clear()
    assert page.get(question).status_code == 200
    assert page.get(HOME).status_code == 200
    assert page.get(question_of(page)).status_code == SHORT


def test_the_same_reader_is_checked_once_and_whose_row_differs_anew(page: Client, borrower: User) -> None:
    question = question_of(page)
    reader_of.cache_clear()
    assert [page.get(question).status_code for _ in range(2)] == [SHORT, SHORT]
    assert (reader_of.cache_info().hits, reader_of.cache_info().misses) == (1, 1)
    User.objects.filter(pk=borrower.pk).update(last_login=NOON)
    page.get(question)
    assert reader_of.cache_info().misses == 2
