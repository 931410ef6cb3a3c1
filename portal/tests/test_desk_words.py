"""Every list and form of the desk speaks the product's words, in each language, and none of Django's own."""

import html
import re
from collections.abc import Iterator
from typing import Final

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import User
from notifications.planning import plan_upcoming
from notifications.tests.factories import clock
from notifications.tests.firms import due_in, make_rule
from notifications.wording.facts import Facts
from portal.admin import fact_words
from portal.tests.desk import desk_of, make_operator, make_superuser, make_world
from portal.tests.firms import make_firms
from portal.tests.levers import make_levers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
LABELS: Final = [
    r"<label[^>]*>(.*?)</label>",
    r'<th[^>]*scope="col"[^>]*>(.*?)</th>',
    r"<legend[^>]*>(.*?)</legend>",
    r"<dt[^>]*>(.*?)</dt>",
    r'<div class="help"[^>]*>(.*?)</div>',
]
NAMES: Final = {"SHA-256:", "SHA-256：", "Agents", "English", "Operators"}
"""The same in every language."""


@pytest.fixture(autouse=True)
def _one_of_everything() -> None:
    world = make_world()
    make_levers(world, by=make_operator())
    make_firms(world)
    make_rule()
    due_in(2)
    plan_upcoming(clock())


def root(language: str) -> Client:
    superuser = make_superuser()
    User.objects.filter(pk=superuser.pk).update(locale=language)
    superuser.refresh_from_db()
    client = desk_of(superuser)
    client.get(reverse("admin:index"))  # which has the models registered, too
    return client


def pages(client: Client, model: type[Model]) -> Iterator[tuple[str, str]]:
    """The list, the form to add, the first row's page, its history and the question before it is deleted; what the
    desk does not have is left out.
    """
    row = model._default_manager.order_by("pk").first()
    assert row is not None, model
    for view in ("changelist", "add", "change", "history", "delete"):
        args = [row.pk] if view in {"change", "history", "delete"} else []
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)
        answer = client.get(address)
        assert answer.status_code in {200, 403}, address
        if answer.status_code == 200:
            yield address, answer.content.decode().partition('id="content"')[2]


def labels_of(page: str) -> set[str]:
    found = (re.sub(r"<[^>]*>", " ", label) for pattern in LABELS for label in re.findall(pattern, page, re.DOTALL))
    return {" ".join(html.unescape(label).split()) for label in found} - {""}


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_every_model_of_the_desk_is_labelled_in_the_readers_language(language: str) -> None:
    client = root(language)
    bare: dict[str, set[str]] = {}
    for model in admin.site._registry:
        seen = dict(pages(client, model))
        assert seen, model
        for address, page in seen.items():
            assert not re.search(r"\w object \(", page), address
            labels = labels_of(page)
            assert labels or address.endswith(("/history/", "/delete/")), address
            if language != "en":
                words = {label for label in labels if not re.search("[\u3400-\u9fff]", label)} - NAMES
                bare |= {address: words} if {label for label in words if re.search("[A-Za-z]{2}", label)} else {}
    assert bare == {}


def test_every_fact_of_a_message_has_a_name() -> None:
    assert set(Facts._fields) == set(fact_words.NAMES)


def test_a_group_is_told_what_it_may_do_in_the_desks_words() -> None:
    page = root("en").get(reverse("admin:auth_group_add")).content.decode()
    assert "Reports: see" in page
    assert "Reports: Can upload a partner&#x27;s file" in page
    assert "Can view" not in page
    assert "object (" not in page
