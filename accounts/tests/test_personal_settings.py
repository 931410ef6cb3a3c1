"""The language and the zone in which a person sees a page."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from accounts.tests.factories import make_borrower

pytestmark = [pytest.mark.django_db, pytest.mark.urls("accounts.tests.urls")]


def signed_in_as(user: User, **headers: str) -> Client:
    client = Client(headers={name.replace("_", "-"): value for name, value in headers.items()})
    client.force_login(user)
    return client


def test_the_profile_wins_over_the_browser() -> None:
    user = make_borrower(locale="zh-hant", time_zone="Europe/London")
    response = signed_in_as(user, accept_language="en").get("/")
    assert response.content == b"zh-hant Europe/London"
    assert response["Content-Language"] == "zh-hant"


def test_nothing_of_it_is_left_for_the_next_request() -> None:
    before = translation.get_language(), timezone.get_current_timezone_name()
    signed_in_as(make_borrower(locale="zh-hans", time_zone="Asia/Tokyo")).get("/")
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


def test_nothing_of_it_is_left_after_a_failure() -> None:
    before = translation.get_language(), timezone.get_current_timezone_name()
    client = signed_in_as(make_borrower(locale="zh-hans", time_zone="Asia/Tokyo"))
    assert client.get("/nowhere/").status_code == 404
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


@pytest.mark.parametrize(("field", "shown"), [("locale", "en Asia/Shanghai"), ("time_zone", "en Asia/Shanghai")])
def test_a_profile_that_makes_no_sense_does_not_break_a_page(field: str, shown: str) -> None:
    user = make_borrower(locale="en", time_zone="Asia/Shanghai")
    User.objects.update(**{field: "tlh"})
    user.refresh_from_db()
    assert signed_in_as(user, accept_language="en").get("/").content.decode() == shown


def test_a_stranger_keeps_a_language_by_cookie(client: Client) -> None:
    response = client.post(reverse("set_language"), {"language": "zh-hant", "next": "/accounts/login/"})
    assert response["Location"] == "/accounts/login/"
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "zh-hant"
    assert client.get("/accounts/login/")["Content-Language"] == "zh-hant"


def test_a_person_keeps_a_language_in_the_profile() -> None:
    user = make_borrower(locale="en")
    client = signed_in_as(user)
    client.post(reverse("set_language"), {"language": "zh-hans"})
    user.refresh_from_db()
    assert user.locale == "zh-hans"
    assert client.get("/").content.decode().startswith("zh-hans")


@pytest.mark.parametrize("language", ["fr", "", "tlh", "zh-hans; x", "x" * 500])
def test_a_language_that_is_not_offered_changes_nothing(language: str) -> None:
    user = make_borrower(locale="en")
    response = signed_in_as(user).post(reverse("set_language"), {"language": language})
    assert response.status_code == 302
    user.refresh_from_db()
    assert user.locale == "en"


def test_a_link_cannot_switch_the_language(client: Client) -> None:
    assert client.get(reverse("set_language"), {"language": "zh-hans"}).status_code == 405


def test_the_language_switch_leads_to_no_other_site(client: Client) -> None:
    response = client.post(reverse("set_language"), {"language": "en", "next": "https://elsewhere.test/"})
    assert response["Location"] == "/"
