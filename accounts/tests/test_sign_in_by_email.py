"""Email and password, and the mailed link by which people from partners' files get a password."""

import logging

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import ContactPoint, User
from accounts.people import find_or_create_borrower
from accounts.register import Firm
from accounts.tests.factories import make_borrower
from accounts.tests.mailbox import Mailbox
from accounts.tests.pages import without_tokens

pytestmark = [pytest.mark.django_db, pytest.mark.urls("accounts.tests.urls")]

PASSWORD = "walnut-harbour-9"
MISMATCH = "do not belong together"


@pytest.fixture
def imported() -> User:
    """As a partner's file leaves a person: no password, nothing proved."""
    return find_or_create_borrower(
        external_id="B1",
        name="Lin",
        phone=None,
        email="lin@example.test",
        locale="en",
        time_zone=None,
        firm=Firm(1, set),
    )[0]


def sign_in(client: Client, email: str, password: str) -> str:
    response = client.post(reverse("account_login_by_email"), {"login": email, "password": password})
    return response["Location"] if response.status_code == 302 else response.content.decode()


def ask_for_link(client: Client, email: str) -> str:
    response = client.post(reverse("account_reset_password"), {"email": email}, follow=True)
    return response.content.decode()


def set_password(client: Client, link: str, password: str = PASSWORD) -> str:
    page = client.get(link)
    response = client.post(page["Location"], {"password1": password, "password2": password})
    return response["Location"] if response.status_code == 302 else response.content.decode()


def test_email_and_password_sign_a_person_in(client: Client) -> None:
    person = make_borrower(password=PASSWORD)
    assert person.email
    assert sign_in(client, person.email.upper(), PASSWORD) == reverse("home")
    assert get_user(client).pk == person.pk


@pytest.mark.parametrize("email", ["known", "stranger@example.test"])
def test_a_wrong_password_and_an_unknown_email_read_alike(email: str, client: Client) -> None:
    person = make_borrower(password=PASSWORD)
    page = sign_in(client, person.email or "" if email == "known" else email, "wrong-" + PASSWORD)
    assert MISMATCH in page
    assert not get_user(client).is_authenticated


def test_a_phone_with_a_password_is_no_way_in(client: Client) -> None:
    person = make_borrower(password=PASSWORD)
    assert person.phone
    assert "valid email" in sign_in(client, person.phone, PASSWORD)


def test_five_wrong_passwords_close_one_email_and_no_other(client: Client) -> None:
    victim, other = make_borrower(password=PASSWORD), make_borrower(password=PASSWORD)
    for _ in range(5):
        assert MISMATCH in sign_in(client, victim.email or "", "wrong-" + PASSWORD)
    assert "Too many tries" in sign_in(client, victim.email or "", PASSWORD)
    assert sign_in(client, other.email or "", PASSWORD) == reverse("home")


def test_a_person_from_a_file_gets_a_password_by_mail(client: Client, mailbox: Mailbox, imported: User) -> None:
    assert not imported.has_usable_password()
    ask_for_link(client, "Lin@Example.test")
    assert [mail["To"] for mail in mailbox.mails] == ["lin@example.test"]
    assert set_password(client, mailbox.last_link()) == reverse("home")
    assert get_user(client).pk == imported.pk
    assert sign_in(Client(), "lin@example.test", PASSWORD) == reverse("home")


def test_the_mailed_link_proves_the_email(client: Client, mailbox: Mailbox, imported: User) -> None:
    ask_for_link(client, "lin@example.test")
    set_password(client, mailbox.last_link())
    assert EmailAddress.objects.get(user=imported).verified
    point = ContactPoint.objects.live().get(user=imported)
    assert point.source == ContactPoint.Source.OWNER
    assert point.verified_at


def test_a_link_works_once(client: Client, mailbox: Mailbox, imported: User) -> None:
    ask_for_link(client, "lin@example.test")
    link = mailbox.last_link()
    set_password(client, link)
    assert "This link no longer works" in Client().get(link).content.decode()


def test_the_link_is_mailed_in_the_persons_language(mailbox: Mailbox, imported: User) -> None:
    Client(headers={"accept-language": "zh-hans"}).post(reverse("account_reset_password"), {"email": imported.email})
    assert mailbox.mails[-1]["Subject"] == "Set your password"


def test_an_unknown_email_gets_nothing_and_sees_the_same(mailbox: Mailbox, imported: User) -> None:
    known, unknown = ask_for_link(Client(), imported.email or ""), ask_for_link(Client(), "stranger@example.test")
    assert without_tokens(known) == without_tokens(unknown)
    assert "Look into your mailbox" in known
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("email", ["lin@example.test", "stranger@example.test"])
def test_a_mail_server_that_is_down_is_owned_up_to(
    email: str, imported: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with caplog.at_level(logging.DEBUG):
        page = ask_for_link(Client(), email)
    assert "We could not send the message just now" in page
    assert "ConnectionRefusedError" in caplog.text
    assert email not in caplog.text


def test_an_address_that_was_mistyped_and_never_confirmed_gets_no_link(mailbox: Mailbox, imported: User) -> None:
    EmailAddress.objects.create(user=imported, email="someone-else@example.test", verified=False)
    ask_for_link(Client(), "someone-else@example.test")
    assert mailbox.mails == []


def test_a_closed_account_gets_no_link(mailbox: Mailbox, imported: User) -> None:
    User.objects.update(is_active=False)
    ask_for_link(Client(), "lin@example.test")
    assert mailbox.mails == []


def test_links_for_one_email_are_limited(mailbox: Mailbox, imported: User) -> None:
    for _ in range(3):
        ask_for_link(Client(), "lin@example.test")
    response = Client().post(reverse("account_reset_password"), {"email": "lin@example.test"})
    assert response.status_code == 429
    assert "Too many tries" in response.content.decode()
    assert len(mailbox.mails) == 3


@pytest.mark.parametrize("password", ["short1", "password123", "8765432109", "lin@example.test"])
def test_a_weak_password_is_refused(password: str, client: Client, mailbox: Mailbox, imported: User) -> None:
    ask_for_link(client, "lin@example.test")
    assert "error-summary" in set_password(client, mailbox.last_link(), password)
    imported.refresh_from_db()
    assert not imported.has_usable_password()
