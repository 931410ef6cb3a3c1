"""The page of a row of each of the desk's models in a real Chromium: its console, and axe in all looks."""

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from playwright.sync_api import Browser, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from notifications.models import Alarm, Duty, Responsibility
from portal.tests.browser import SIZES, faults, overflow, visit
from portal.tests.desk import make_agent_and_operator, make_desk_agent, make_operator, make_superuser, make_world
from portal.tests.firms import make_firms
from portal.tests.levers import make_levers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]
LOOKS: Final = [(size, scheme) for size in ("phone", "desk") for scheme in ("light", "dark")]
APART: Final = (Responsibility, Duty)
"""Who sends has a file of its own: test_browser_responsibilities."""


@pytest.fixture(autouse=True)
def _one_of_everything() -> None:
    world = make_world()
    make_levers(world, by=make_operator())
    make_firms(world)


def pages_of(user: User) -> Iterator[str]:
    """The first page, and that of the first row of each model that `user` may see; of alarms, of each kind."""
    yield reverse("admin:index")  # which has the models registered, too
    for model in set(admin.site._registry).difference(APART):
        if user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
            rows = model._default_manager.order_by("pk")
            shown = rows.distinct("kind").order_by("kind") if model is Alarm else rows[:1]
            found = [page_of(model, row.pk) for row in shown]
            assert found, model
            yield from found


def page_of(model: type[Model], pk: int) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


def judge(page: Page, size: str, scheme: str) -> list[str]:
    width, height = SIZES[size]
    page.set_viewport_size(ViewportSize(width=width, height=height))
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    wider = overflow(page)
    return [*faults(page), *([f"{wider} pixels wider than its window"] if wider > 0 else [])]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_row_has_a_page_that_is_sound_in_every_look_and_says_no_error(
    chromium: Browser, live_server: LiveServer, language: str
) -> None:
    reader = make_agent_and_operator(locale=language)
    with visit(chromium, live_server.url + reverse("admin:index"), reader, reduced_motion="reduce") as page:
        for address in pages_of(reader):
            answer = page.goto(live_server.url + address)
            assert answer is not None
            assert answer.status == 200, address
            found = {f"{size} {scheme}": judge(page, size, scheme) for size, scheme in LOOKS}
            assert not any(found.values()), (address, found)


@pytest.mark.parametrize("make_reader", [make_desk_agent, make_operator, make_superuser])
def test_a_visit_that_begins_at_a_row_says_no_error_on_the_console(
    chromium: Browser, live_server: LiveServer, make_reader: Callable[[], User]
) -> None:
    with visit(chromium, live_server.url + page_of(Alarm, Alarm.objects.earliest("pk").pk), make_reader()) as page:
        assert page.locator("script[src*=jsi18n]").count() == 1
        assert page.evaluate("typeof gettext") == "function"
