"""What is shown when something is not there, not allowed, not understood or broken."""

import re

import pytest
from django.conf import settings
from django.template import loader
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import server_error

from accounts.models import User
from portal.tests.people import sign_in


def heading(content: bytes) -> str:
    found = re.search(r"<h1>(.*?)</h1>", content.decode(), re.DOTALL)
    assert found
    return found.group(1)


@pytest.mark.django_db
def test_an_unknown_address_says_so_kindly(page: Client) -> None:
    response = page.get("/loans/none-of-these/")
    assert response.status_code == 404
    assert heading(response.content) == "This page is not here"


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "words"), [("zh-hans", 'lang="zh-hans"'), ("zh-hant", 'lang="zh-hant"')])
def test_it_is_said_in_the_readers_language(borrower: User, language: str, words: str) -> None:
    User.objects.filter(pk=borrower.pk).update(locale=language)
    assert words in sign_in(borrower).get("/nothing/").content.decode()


@pytest.mark.django_db
def test_a_forged_or_stale_form_is_explained(borrower: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(borrower)
    response = strict.post(reverse("preferences"))
    assert response.status_code == 403
    assert heading(response.content) == "Please do that once more"


@pytest.mark.django_db
def test_a_request_that_cannot_be_read_has_a_page_of_its_own() -> None:
    response = Client(headers={"Host": "elsewhere.test"}).get("/")
    assert response.status_code == 400
    assert heading(response.content) == "We could not read that"


def test_what_is_not_allowed_has_a_page_of_its_own() -> None:
    assert heading(loader.render_to_string("403.html").encode()) == "This page is not yours to open"


def test_a_broken_server_answers_in_three_languages_without_its_parts() -> None:
    response = server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    content = response.content.decode()
    for words in ("Something broke on our side", "我们这边出了点问题", "我們這邊出了點問題"):
        assert words in content
    for path in re.findall(r'"/static/([^"]+)"', content):
        assert (settings.BASE_DIR / "static" / path).is_file()
    source = (settings.BASE_DIR / "templates" / "500.html").read_text()
    assert "{%" not in source  # neither a database, nor a manifest, nor a catalogue is there to rely on
