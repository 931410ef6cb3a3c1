"""A code is guessed a few times at most, however many try at once and in how many sessions."""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from allauth.account import forms
from django.contrib.auth import get_user
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_borrower
from accounts.tests.gateway import Gateway

pytestmark = [pytest.mark.urls("accounts.tests.urls")]
MOST = 10
AT_ONCE = 6
NEW_PHONE = "+8613700137000"
SIGN_IN = "account_confirm_login_code"


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codes that were compared with the one that was sent."""
    codes: list[str] = []
    for form in (forms.ConfirmLoginCodeForm, forms.VerifyPhoneForm):
        monkeypatch.setattr(form, "clean_code", _noting(form.clean_code, codes))
    return codes


def _noting(clean: Callable[[Any], str], codes: list[str]) -> Callable[[Any], str]:
    def clean_code(form: Any) -> str:
        codes.append(form.cleaned_data["code"])
        return clean(form)

    return clean_code


def guess_at_once(client: Client, page: str, code: str) -> None:
    """Six people with the session of this client, each with a connection of their own, four times each."""
    start = Barrier(AT_ONCE)

    def guess(_place: int) -> None:
        own = Client()
        own.cookies = copy.deepcopy(client.cookies)
        connection.ensure_connection()
        start.wait(timeout=30)
        try:
            for _try in range(4):
                own.post(reverse(page), {"code": code})
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(guess, range(AT_ONCE)))


def wrong(gateway: Gateway) -> str:
    return "000000" if gateway.last_code != "000000" else "111111"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_ten_are_looked_at(client: Client, gateway: Gateway, checked: list[str]) -> None:
    client.post(reverse("account_login"), {"phone": make_borrower().phone})
    guess_at_once(client, SIGN_IN, wrong(gateway))
    assert 0 < len(checked) <= MOST


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_for_a_new_number_ten_are_looked_at(
    client: Client, gateway: Gateway, checked: list[str]
) -> None:
    client.post(reverse("account_login"), {"phone": make_borrower().phone})
    client.post(reverse(SIGN_IN), {"code": gateway.last_code})
    client.post(reverse("account_change_phone"), {"phone": NEW_PHONE})
    checked.clear()
    guess_at_once(client, "account_verify_phone", wrong(gateway))
    assert 0 < len(checked) <= MOST


@pytest.fixture
def person() -> User:
    return make_borrower(locale="en")


@pytest.mark.django_db
def test_whoever_guessed_ten_times_is_told_and_may_try_again_an_hour_later(
    gateway: Gateway, checked: list[str], person: User
) -> None:
    begin = timezone.now()
    for session in range(5):
        with time_machine.travel(begin + timedelta(minutes=session)):
            client = Client()
            client.post(reverse("account_login"), {"phone": person.phone})
            for _try in range(2):
                client.post(reverse(SIGN_IN), {"code": wrong(gateway)})
    page = client.post(reverse(SIGN_IN), {"code": gateway.last_code}, follow=True)
    assert "Too many codes were tried for this number." in page.content.decode()
    assert (len(checked), get_user(client).is_authenticated) == (MOST, False)
    with time_machine.travel(begin + timedelta(minutes=70)):
        client.post(reverse("account_login"), {"phone": person.phone})
        client.post(reverse(SIGN_IN), {"code": gateway.last_code})
    assert get_user(client).pk == person.pk


@pytest.mark.django_db
def test_a_form_that_asks_for_more_codes_than_there_are_is_a_guess(
    client: Client, gateway: Gateway, checked: list[str], person: User
) -> None:
    client.post(reverse("account_login"), {"phone": person.phone})
    client.post(reverse(SIGN_IN), {"code": gateway.last_code})
    client.post(reverse("account_change_phone"), {"phone": NEW_PHONE})
    checked.clear()
    for _try in range(MOST + 5):
        client.post(reverse("account_verify_phone"), {"code": "000000x", "action": "resend"})
    assert len(checked) <= MOST


@pytest.mark.django_db
def test_a_number_that_nobody_has_is_limited_like_one_that_somebody_has(gateway: Gateway, checked: list[str]) -> None:
    begin, said = timezone.now(), ""
    for session in range(6):
        with time_machine.travel(begin + timedelta(minutes=session)):
            client = Client()
            client.post(reverse("account_login"), {"phone": "+8613999999999"})
            for _try in range(2):
                said = client.post(reverse(SIGN_IN), {"code": "000000"}, follow=True).content.decode()
    assert "Too many codes were tried for this number." in said
    assert len(checked) == MOST
