"""From the phone's number to the first page, over a real HTTP gateway."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from accounts.tests.gateway import Gateway
from accounts.tests.pages import without_tokens

pytestmark = [pytest.mark.django_db, pytest.mark.urls("accounts.tests.urls")]

STRANGER = "+8613999999999"


@pytest.fixture
def person() -> User:
    return make_borrower(phone=True, email=False, locale="en")


def ask_for_code(client: Client, phone: str | None, **more: str) -> str:
    """Where the answer to the first question leads."""
    response = client.post(reverse("account_login"), {"phone": phone or "", **more})
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def enter(client: Client, code: str, page: str = "") -> str:
    response = client.post(page or reverse("account_confirm_login_code"), {"code": code})
    return response["Location"] if response.status_code == 302 else response.content.decode()


def test_a_code_by_text_message_signs_a_person_in(client: Client, gateway: Gateway, person: User) -> None:
    page = ask_for_code(client, person.phone)
    assert page == reverse("account_confirm_login_code")
    assert [number for number, _text in gateway.texts] == [person.phone]
    assert enter(client, gateway.last_code) == reverse("home")
    assert get_user(client).pk == person.pk


def test_a_sign_in_proves_the_phone(client: Client, gateway: Gateway, person: User) -> None:
    ContactPoint.objects.update(unreachable_since=timezone.now(), unreachable_reason="absent")
    ask_for_code(client, person.phone)
    enter(client, gateway.last_code)
    person.refresh_from_db()
    point = ContactPoint.objects.live().get(user=person, kind="phone")
    assert person.phone_verified
    assert (point.source, point.unreachable_since) == (ContactPoint.Source.OWNER, None)
    assert point.verified_at


def test_a_number_may_be_written_as_people_write_it(client: Client, gateway: Gateway) -> None:
    person = make_borrower(email=False)
    assert person.phone
    local = person.phone.removeprefix("+86")
    ask_for_code(client, f"{local[:3]} {local[3:7]}-{local[7:]}")
    assert gateway.texts[0][0] == person.phone


def test_the_way_to_a_page_survives_signing_in(client: Client, gateway: Gateway, person: User) -> None:
    page = ask_for_code(client, person.phone, next="/accounts/password/change/")
    assert enter(client, gateway.last_code, page) == "/accounts/password/change/"


def test_another_site_is_not_led_to(client: Client, gateway: Gateway, person: User) -> None:
    page = ask_for_code(client, person.phone, next="https://elsewhere.test/")
    assert enter(client, gateway.last_code, page) == reverse("home")


def test_the_code_is_written_in_the_persons_language(client: Client, gateway: Gateway) -> None:
    person = make_borrower(email=False, locale="en")
    client.post(reverse("account_login"), {"phone": person.phone}, headers={"accept-language": "zh-hans"})
    assert "is your Dueproof code, valid for 5 minutes" in gateway.texts[0][1]


def test_an_unknown_number_gets_nothing_and_sees_the_same(gateway: Gateway, person: User) -> None:
    known, unknown = Client(), Client()
    assert ask_for_code(known, person.phone) == ask_for_code(unknown, STRANGER)
    assert len(gateway.texts) == 1
    pages = [
        client.get(reverse("account_confirm_login_code")).content.decode().replace(phone, "")
        for client, phone in ((known, person.phone or ""), (unknown, STRANGER))
    ]
    assert without_tokens(pages[0]) == without_tokens(pages[1])
    assert "not the code" in enter(known, "000000x")
    assert "not the code" in enter(unknown, "000000x")


def test_an_unknown_number_sees_the_same_when_it_asks_again(gateway: Gateway, person: User) -> None:
    pages = []
    for phone in (person.phone or "", STRANGER):
        client = Client()
        ask_for_code(client, phone)
        with time_machine.travel(timezone.now() + timedelta(seconds=40)):
            again = client.post(reverse("account_confirm_login_code"), {"action": "resend"}, follow=True)
        assert again.status_code == 200
        pages.append(without_tokens(again.content.decode().replace(phone, "")))
    assert pages[0] == pages[1]
    assert "A new code is on its way" in pages[0]
    assert [number for number, _text in gateway.texts] == [person.phone, person.phone]


def test_a_closed_account_is_treated_as_a_stranger(client: Client, gateway: Gateway) -> None:
    person = make_borrower(email=False, is_active=False)
    assert ask_for_code(client, person.phone) == reverse("account_confirm_login_code")
    assert gateway.texts == []


def test_an_empty_code_does_not_sign_a_stranger_in(client: Client, gateway: Gateway) -> None:
    ask_for_code(client, STRANGER)
    for code in ("", "000000"):
        enter(client, code)
    assert not get_user(client).is_authenticated


def test_three_wrong_codes_end_the_try(client: Client, gateway: Gateway, person: User) -> None:
    ask_for_code(client, person.phone)
    wrong = "000000" if gateway.last_code != "000000" else "111111"
    assert "not the code" in enter(client, wrong)
    assert "not the code" in enter(client, wrong)
    assert enter(client, wrong) == reverse("account_request_login_code")
    assert "Too many tries" in client.get(reverse("account_login")).content.decode()
    enter(client, gateway.last_code)
    assert not get_user(client).is_authenticated


def test_a_code_that_has_run_out_says_so(client: Client, gateway: Gateway, person: User) -> None:
    ask_for_code(client, person.phone)
    with time_machine.travel(timezone.now() + timedelta(seconds=301)):
        page = client.post(reverse("account_confirm_login_code"), {"code": gateway.last_code}, follow=True)
    assert "That code has run out" in page.content.decode()
    assert not get_user(client).is_authenticated


def test_a_new_code_works_for_its_own_five_minutes_and_ends_the_old(
    client: Client, gateway: Gateway, person: User
) -> None:
    begin = timezone.now()
    ask_for_code(client, person.phone)
    old = gateway.last_code
    with time_machine.travel(begin + timedelta(seconds=280)):
        client.post(reverse("account_confirm_login_code"), {"action": "resend"})
    with time_machine.travel(begin + timedelta(seconds=400)):
        if gateway.last_code != old:
            assert "not the code" in enter(client, old)
        assert enter(client, gateway.last_code) == reverse("home")


@pytest.mark.parametrize("known", [True, False])
def test_one_number_gets_a_code_every_half_minute_at_most(known: bool, gateway: Gateway, person: User) -> None:
    phone = person.phone if known else STRANGER
    ask_for_code(Client(), phone)
    page = Client().post(reverse("account_login"), {"phone": phone})
    assert page.status_code == 200
    assert "Too many tries" in page.content.decode()
    assert len(gateway.texts) == (1 if known else 0)


def test_asking_again_at_once_sends_nothing_and_says_so(client: Client, gateway: Gateway, person: User) -> None:
    ask_for_code(client, person.phone)
    page = client.post(reverse("account_confirm_login_code"), {"action": "resend"}, follow=True)
    assert "That was too soon" in page.content.decode()
    assert len(gateway.texts) == 1


def test_many_people_behind_one_address_all_get_their_codes(gateway: Gateway) -> None:
    people = [make_borrower(email=False) for _ in range(40)]
    for person in people:
        ask_for_code(Client(), person.phone)
    assert len(gateway.texts) == 40


@pytest.mark.parametrize("known", [True, False])
def test_a_gateway_that_is_down_is_owned_up_to(
    known: bool, client: Client, person: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.KANNEL_URL = "http://127.0.0.1:1/cgi-bin/sendsms"
    phone = (person.phone if known else STRANGER) or ""
    with caplog.at_level(logging.DEBUG):
        page = client.post(reverse("account_login"), {"phone": phone, "next": "/accounts/email/"}, follow=True)
    assert page.status_code == 200
    assert "We could not send the message just now" in page.content.decode()
    assert 'value="/accounts/email/"' in page.content.decode()
    assert "Is it up?" in caplog.text
    assert phone not in caplog.text


def test_a_gateway_that_refuses_is_owned_up_to(client: Client, gateway: Gateway, person: User) -> None:
    gateway.answer = 503
    page = client.post(reverse("account_login"), {"phone": person.phone}, follow=True)
    assert "We could not send the message just now" in page.content.decode()


def test_a_failed_second_code_leaves_the_first_one_good(client: Client, gateway: Gateway, person: User) -> None:
    ask_for_code(client, person.phone)
    first = gateway.last_code
    gateway.answer = 503
    with time_machine.travel(timezone.now() + timedelta(seconds=40)):
        page = client.post(reverse("account_confirm_login_code"), {"action": "resend"}, follow=True)
    assert "We could not send the message just now" in page.content.decode()
    assert enter(client, first) == reverse("home")


@pytest.mark.parametrize(
    "written", ["", "hello", "12", "+", "138001380001380013800138", "１２３", "+86 138 0000 0000 x 5"]
)
def test_what_is_no_number_is_refused_in_words(written: str, client: Client, gateway: Gateway) -> None:
    page = client.post(reverse("account_login"), {"phone": written})
    assert page.status_code == 200
    assert "error-summary" in page.content.decode()
    assert gateway.texts == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("400-810-1234", "Firms are called at this number, and no code can be sent to it."),
        ("+86 800 810 1234", "Firms are called at this number, and no code can be sent to it."),
        ("95588", "This is not a whole phone number."),
    ],
)
def test_a_firms_number_is_refused_with_the_reason(written: str, said: str, client: Client, gateway: Gateway) -> None:
    page = client.post(reverse("account_login"), {"phone": written}, headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert said in page.content.decode()
    assert gateway.texts == []
