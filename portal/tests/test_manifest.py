"""What a phone reads to put the portal on its home screen."""

import json
from contextlib import closing

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_it_names_the_portal_in_the_language_of_its_reader(language: str) -> None:
    answer = Client(headers={"Accept-Language": language}).get("/manifest.webmanifest")
    manifest = json.loads(answer.content)
    assert answer["Content-Type"] == "application/manifest+json"
    assert (manifest["name"], manifest["display"], manifest["scope"]) == ("Dueproof", "standalone", "/")
    assert manifest["lang"] == language


def test_its_icons_are_there() -> None:
    for icon in json.loads(Client().get(reverse("manifest")).content)["icons"]:
        with closing(Client().get(icon["src"])) as answer:
            assert (answer.status_code, answer["Content-Type"]) == (200, icon["type"])


def test_every_page_names_it() -> None:
    page = Client().get(reverse("account_login")).content.decode()
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
