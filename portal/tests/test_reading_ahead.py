"""The first page is asked for in one round trip where its session was met before, and a guess decides nothing."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Loan
from loans.tests.factories import make_installment, make_loan
from notifications.tests.factories import NOON
from portal import reading_ahead
from portal.tests.people import day, sign_in, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
HOME = reverse("home")


def key_of(page: Client) -> str:
    return str(page.session.session_key)


def test_the_second_look_of_a_session_takes_one_query(
    page: Client, loan: Loan, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tell(make_installment(loan, due_on=day(3)))
    reading_ahead.forget()
    with django_assert_num_queries(3):
        first = page.get(HOME)
    with django_assert_num_queries(1):
        assert page.get(HOME)["ETag"] == first["ETag"]


def test_a_session_that_was_ended_elsewhere_is_over(page: Client) -> None:
    assert page.get(HOME).status_code == 200
    Session.objects.all().delete()
    assert page.get(HOME).status_code == 302


def test_a_session_that_ran_out_is_over(page: Client) -> None:
    assert page.get(HOME).status_code == 200
    Session.objects.update(expire_date=NOON - timedelta(seconds=1))
    assert page.get(HOME).status_code == 302


def test_somebody_who_may_not_sign_in_any_more_is_out_at_once(page: Client, borrower: User) -> None:
    assert page.get(HOME).status_code == 200
    User.objects.filter(pk=borrower.pk).update(is_active=False)
    assert page.get(HOME).status_code == 302


def test_another_password_ends_the_session(page: Client, borrower: User) -> None:
    assert page.get(HOME).status_code == 200
    borrower.set_password("another one")
    borrower.save()
    assert page.get(HOME).status_code == 302


def test_a_wrong_guess_shows_nobody_elses_page(page: Client, borrower: User, loan: Loan) -> None:
    """It cannot happen, for a key never changes hands; if it did, it would cost two queries more."""
    make_installment(loan, due_on=day(3))
    other = make_loan(make_borrower(), external_id="NOT-YOURS")
    make_installment(other, due_on=day(3))
    before = page.get(HOME)
    reading_ahead.remember(key_of(page), other.borrower)
    after = page.get(HOME)
    assert after["ETag"] == before["ETag"]
    assert loan.external_id in after.content.decode()
    assert "NOT-YOURS" not in after.content.decode()


def test_another_page_is_read_as_ever(page: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    page.get(HOME)
    address = reverse("disputes")
    with django_assert_num_queries(4):
        assert page.get(address).status_code == 200


def test_no_more_sessions_are_remembered_than_find_room(monkeypatch: pytest.MonkeyPatch, borrower: User) -> None:
    monkeypatch.setattr(reading_ahead, "MOST", 2)
    reading_ahead.forget()
    for key in ("one", "two", "three"):
        reading_ahead.remember(key, borrower)
    assert list(reading_ahead._known) == ["three"]


def without_tokens(page: str) -> str:
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w{64}"', "TOKEN", page)
    return page.replace(f'value="{HOME}?here"', f'value="{HOME}"')


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_what_stands_around_the_page_is_what_a_reader_would_have_got_alone(language: str) -> None:
    """With a query the page is rendered whole, by itself; without one it is put together."""
    borrower = make_borrower(locale=language)
    tell(make_installment(make_loan(borrower), due_on=day(3)))
    page = sign_in(borrower)
    whole, filled = (page.get(address).content.decode() for address in (f"{HOME}?here", HOME))
    assert without_tokens(filled) == without_tokens(whole)
    assert f'<html lang="{language}">' in filled


def test_each_form_of_the_page_has_the_readers_own_token(page: Client, loan: Loan) -> None:
    prompt = tell(make_installment(loan, due_on=day(3)))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page.cookies
    tokens = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get(HOME).content.decode()))
    assert len(tokens) == 1
    sent = {"csrfmiddlewaretoken": tokens.pop(), "next": HOME}
    assert strict.post(reverse("acknowledge", args=[prompt.pk]), sent).status_code == 302
