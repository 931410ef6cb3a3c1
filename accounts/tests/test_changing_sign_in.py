"""Another phone or email to sign in with, and the proof that is asked for before."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.contact_points import set_contact_point
from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from accounts.tests.gateway import Gateway
from accounts.tests.mailbox import Mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.urls("accounts.tests.urls")]

PASSWORD = "walnut-harbour-9"
NEW_PHONE = "+8613700137000"
SENSITIVE = ["account_change_phone", "account_email", "account_set_password"]


@pytest.fixture
def person() -> User:
    return make_borrower()


@pytest.fixture
def signed_in(client: Client, gateway: Gateway, person: User) -> Client:
    """A session that began with a code just now."""
    client.post(reverse("account_login"), {"phone": person.phone})
    client.post(reverse("account_confirm_login_code"), {"code": gateway.last_code})
    assert get_user(client).is_authenticated
    return client


def test_a_new_phone_is_used_once_its_code_came_back(signed_in: Client, gateway: Gateway, person: User) -> None:
    old = person.phone
    signed_in.post(reverse("account_change_phone"), {"phone": "137 0013 7000"})
    person.refresh_from_db()
    assert (gateway.texts[-1][0], person.phone) == (NEW_PHONE, old)
    page = signed_in.post(reverse("account_verify_phone"), {"code": gateway.last_code}, follow=True)
    person.refresh_from_db()
    assert (person.phone, person.phone_verified) == (NEW_PHONE, True)
    live = ContactPoint.objects.live().get(user=person, kind="phone")
    assert (live.address, live.source) == (NEW_PHONE, ContactPoint.Source.OWNER)
    assert ContactPoint.objects.get(user=person, address=old).retired_at
    assert "is now the number" in page.content.decode()


def test_a_phone_of_another_account_is_not_taken_over(signed_in: Client, gateway: Gateway, person: User) -> None:
    other = make_borrower()
    signed_in.post(reverse("account_change_phone"), {"phone": other.phone})
    page = signed_in.post(reverse("account_verify_phone"), {"code": gateway.last_code})
    assert "Another account has this number" in page.content.decode()
    other.refresh_from_db()
    assert other.phone
    assert User.objects.get(pk=person.pk).phone == person.phone


def test_a_phone_taken_meanwhile_is_not_taken_over(signed_in: Client, gateway: Gateway, person: User) -> None:
    """The check before the change has passed; the database has the last word."""
    from accounts.verification import change_phone

    other = make_borrower()
    assert other.phone
    assert not change_phone(person, other.phone, verified=True)
    assert User.objects.get(pk=person.pk).phone == person.phone != other.phone


def test_asking_for_the_same_number_too_soon_says_so(signed_in: Client, gateway: Gateway) -> None:
    signed_in.post(reverse("account_change_phone"), {"phone": NEW_PHONE})
    page = signed_in.post(reverse("account_change_phone"), {"phone": NEW_PHONE})
    assert page.status_code == 200
    assert "That was too soon" in page.content.decode()
    assert [number for number, _text in gateway.texts].count(NEW_PHONE) == 1


def test_an_email_that_is_longer_than_any_is_refused_in_words(signed_in: Client, mailbox: Mailbox) -> None:
    page = signed_in.post(reverse("account_email"), {"action_add": "", "email": f"{'a' * 242}@example.test"})
    assert page.status_code == 200
    assert "at most 254 characters" in page.content.decode()
    assert mailbox.mails == []


def test_a_new_email_is_used_once_its_link_was_opened(signed_in: Client, mailbox: Mailbox, person: User) -> None:
    old = person.email
    signed_in.post(reverse("account_email"), {"action_add": "", "email": "New@Example.test"})
    assert mailbox.mails[-1]["To"] == "new@example.test"
    assert ContactPoint.objects.live().get(user=person, kind="email").address == old
    link = mailbox.last_link()
    assert "Is new@example.test yours?" in Client().get(link).content.decode()
    signed_in.post(link)
    person.refresh_from_db()
    assert person.email == "new@example.test"
    live = ContactPoint.objects.live().get(user=person, kind="email")
    assert (live.address, live.source) == ("new@example.test", ContactPoint.Source.OWNER)
    assert live.verified_at


def test_opening_the_page_alone_confirms_nothing(signed_in: Client, mailbox: Mailbox, person: User) -> None:
    signed_in.post(reverse("account_email"), {"action_add": "", "email": "new@example.test"})
    Client().get(mailbox.last_link())
    assert not EmailAddress.objects.get(email="new@example.test").verified


def test_an_email_that_another_person_signs_in_with_is_not_taken_over(
    signed_in: Client, mailbox: Mailbox, person: User
) -> None:
    other = make_borrower()
    signed_in.post(reverse("account_email"), {"action_add": "", "email": other.email})
    page = signed_in.post(mailbox.last_link(), follow=True)
    assert page.status_code == 200
    other.refresh_from_db()
    assert other.email
    assert User.objects.get(pk=person.pk).email != other.email


def test_an_unconfirmed_email_stays_until_the_new_one_is_confirmed(
    signed_in: Client, mailbox: Mailbox, person: User
) -> None:
    old = person.email
    for new in ("first@example.test", "second@example.test"):
        signed_in.post(reverse("account_email"), {"action_add": "", "email": new})
        person.refresh_from_db()
        assert person.email == old
    assert set(EmailAddress.objects.values_list("email", flat=True)) == {old, "second@example.test"}
    signed_in.post(mailbox.last_link())
    assert EmailAddress.objects.get().email == "second@example.test"


def test_confirming_the_email_in_use_keeps_the_one_that_the_person_chose_to_be_reached_at(
    signed_in: Client, mailbox: Mailbox, person: User
) -> None:
    set_contact_point(user=person, kind="email", address="chosen@example.test", source="owner")
    signed_in.get(reverse("account_email"))
    signed_in.post(reverse("account_email"), {"action_send": "", "email": person.email or ""})
    signed_in.post(mailbox.last_link())
    assert EmailAddress.objects.get().verified
    assert ContactPoint.objects.live().get(user=person, kind="email").address == "chosen@example.test"


def test_two_people_may_have_no_email(gateway: Gateway) -> None:
    """allauth writes an empty email for none, of which the database allows one."""
    for _ in range(2):
        client, person = Client(), make_borrower()
        client.post(reverse("account_login"), {"phone": person.phone})
        client.post(reverse("account_confirm_login_code"), {"code": gateway.last_code})
        client.get(reverse("account_email"))
        removed = client.post(reverse("account_email"), {"action_remove": "", "email": person.email or ""})
        assert removed.status_code == 302
        person.refresh_from_db()
        assert person.email is None


def test_a_notice_that_cannot_be_mailed_undoes_nothing(
    signed_in: Client, person: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    page = signed_in.post(reverse("account_set_password"), {"password1": PASSWORD, "password2": PASSWORD}, follow=True)
    assert "Your new password is saved" in page.content.decode()
    assert "could not be mailed: ConnectionRefusedError" in caplog.text
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_the_old_email_is_told_of_the_new_one(signed_in: Client, mailbox: Mailbox, person: User) -> None:
    old = person.email
    signed_in.post(reverse("account_email"), {"action_add": "", "email": "new@example.test"})
    signed_in.post(mailbox.last_link())
    assert mailbox.mails[-1]["To"] == old
    assert "Was it not you?" in mailbox.text()


def test_a_link_asked_for_again_too_soon_says_so(signed_in: Client, mailbox: Mailbox) -> None:
    signed_in.post(reverse("account_email"), {"action_add": "", "email": "new@example.test"})
    again = {"action_send": "", "email": "new@example.test"}
    page = signed_in.post(reverse("account_email"), again, follow=True)
    assert "Please wait three minutes" in page.content.decode()
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("name", SENSITIVE)
def test_an_old_session_without_a_password_must_sign_in_again(name: str, signed_in: Client) -> None:
    page = reverse(name)
    assert signed_in.get(page).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=601)):
        for response in (signed_in.get(page), signed_in.post(page, {"phone": NEW_PHONE, "password1": PASSWORD})):
            assert response["Location"] == f"{reverse('account_sign_in_again')}?next={page.replace('/', '%2F')}"
        assert PASSWORD not in str(dict(signed_in.session))


def test_an_old_session_with_a_password_must_show_it(client: Client) -> None:
    person = make_borrower(password=PASSWORD)
    page = reverse("account_change_phone")
    client.post(reverse("account_login_by_email"), {"login": person.email, "password": PASSWORD})
    with time_machine.travel(timezone.now() + timedelta(seconds=601)):
        asked = client.get(page)
        assert asked["Location"].startswith(reverse("account_reauthenticate"))
        wrong = client.post(asked["Location"], {"password": "wrong"})
        assert "Incorrect password" in wrong.content.decode()
        right = client.post(asked["Location"], {"password": PASSWORD})
        assert right["Location"] == page
        assert client.get(page).status_code == 200


def test_signing_in_again_leads_back(signed_in: Client, gateway: Gateway, person: User) -> None:
    page = reverse("account_change_phone")
    with time_machine.travel(timezone.now() + timedelta(seconds=601)):
        question = signed_in.get(page, follow=True)
        assert "sign in once more" in question.content.decode()
        out = signed_in.post(reverse("account_logout"), {"next": question.context["sign_in"]})
        assert not get_user(signed_in).is_authenticated
        confirm = signed_in.post(out["Location"], {"phone": person.phone})
        back = signed_in.post(confirm["Location"], {"code": gateway.last_code})
        assert back["Location"] == page
        assert signed_in.get(page).status_code == 200


def test_signing_in_again_leads_to_no_other_site(signed_in: Client) -> None:
    page = signed_in.get(reverse("account_sign_in_again"), {"next": "https://elsewhere.test/"})
    assert page.context["sign_in"] == f"{reverse('account_login')}?next=%2F"


def test_a_first_password_can_be_set_after_signing_in(signed_in: Client, person: User) -> None:
    signed_in.post(reverse("account_set_password"), {"password1": PASSWORD, "password2": PASSWORD})
    response = Client().post(reverse("account_login_by_email"), {"login": person.email, "password": PASSWORD})
    assert response.status_code == 302


@pytest.mark.parametrize("page", SENSITIVE)
def test_no_browser_keeps_a_page_that_shows_a_number_or_an_address(signed_in: Client, page: str) -> None:
    assert "no-store" in signed_in.get(reverse(page))["Cache-Control"]
