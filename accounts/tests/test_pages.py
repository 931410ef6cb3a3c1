"""Every page of signing in: who may see it, and that it stands on its own."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_borrower

pytestmark = [pytest.mark.django_db, pytest.mark.urls("accounts.tests.urls")]

FOR_STRANGERS = [
    "account_login",
    "account_request_login_code",
    "account_login_by_email",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
]
FOR_PEOPLE = [
    "account_change_phone",
    "account_email",
    "account_set_password",
    "account_change_password",
    "account_reauthenticate",
    "account_sign_in_again",
    "account_logout",
]
NAMELESS = {"hidden", "submit"}


class Fields(HTMLParser):
    """Collects what a page asks for and what names it."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []
        self.labels: set[str | None] = set()
        self.ids: list[str | None] = []
        self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.headings += tag == "h1"
        if tag == "label":
            self.labels.add(given.get("for"))
        if tag == "input" and given.get("type") not in NAMELESS:
            self.inputs.append(given)


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(make_borrower())
    return client


def check(page: str) -> None:
    fields = Fields()
    fields.feed(page)
    assert fields.headings == 1
    assert len(fields.ids) == len(set(fields.ids))
    assert {field.get("id") for field in fields.inputs} <= fields.labels
    assert not re.search(r"<[^>]+\sstyle=|<style|<script(?![^>]*src=)", page)
    assert re.search(r"<title>\S.* – Dueproof</title>", page)


@pytest.mark.parametrize("name", FOR_STRANGERS)
def test_a_stranger_may_see(name: str, client: Client) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 200
    check(response.content.decode())


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_a_stranger_is_asked_to_sign_in_for(name: str, client: Client) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_a_signed_in_person_may_see(name: str, client: Client) -> None:
    person = make_borrower(password="walnut-harbour-9")
    client.post(reverse("account_login_by_email"), {"login": person.email, "password": "walnut-harbour-9"})
    response = client.get(reverse(name), follow=True)
    assert response.status_code == 200
    check(response.content.decode())


@pytest.mark.parametrize("path", ["/accounts/password/reset/key/1-bad/", "/accounts/confirm-email/bad/"])
def test_a_dead_link_says_what_to_do(path: str, client: Client) -> None:
    page = client.get(path)
    assert "This link no longer works" in page.content.decode()
    check(page.content.decode())


def test_the_first_question_is_the_phone(client: Client) -> None:
    fields = Fields()
    fields.feed(client.get(reverse("account_login")).content.decode())
    [phone] = fields.inputs
    assert (phone["type"], phone["inputmode"], phone["autocomplete"]) == ("tel", "tel", "tel")


def test_phones_can_fill_the_code_in(client: Client) -> None:
    page = client.post(reverse("account_login"), {"phone": "+8613800138000"}, follow=True)
    assert page.redirect_chain[-1][0] == reverse("account_confirm_login_code")
    check(page.content.decode())
    fields = Fields()
    fields.feed(page.content.decode())
    [code] = fields.inputs
    assert (code["inputmode"], code["autocomplete"]) == ("numeric", "one-time-code")


@pytest.fixture(autouse=True)
def _with_gateway(gateway: object) -> None:
    """Asking for a code looks for the gateway even when nothing is sent."""


def test_the_way_to_a_page_is_kept_when_changing_to_email(client: Client) -> None:
    page = client.get(reverse("account_login"), {"next": "/accounts/password/change/?a=b&c"}).content.decode()
    assert "/accounts/login/email/?next=/accounts/password/change/%3Fa%3Db%26c" in page


def test_nobody_makes_an_account_here(client: Client) -> None:
    page = client.get(reverse("account_signup")).content.decode()
    assert "Your lender makes your account" in page
    client.post(
        reverse("account_signup"),
        {"email": "new@example.test", "phone": "+8613800138000", "password1": "walnut-harbour-9"},
    )
    assert User.objects.count() == 0


def test_a_session_without_any_proof_is_asked_for_one(signed_in: Client) -> None:
    assert signed_in.get(reverse("account_change_phone"))["Location"].startswith(reverse("account_sign_in_again"))


def test_leaving_leads_to_the_first_question(signed_in: Client) -> None:
    page = signed_in.post(reverse("account_logout"), follow=True)
    assert page.redirect_chain[-1][0] == reverse("account_login")
    assert "You have signed out" in page.content.decode()
