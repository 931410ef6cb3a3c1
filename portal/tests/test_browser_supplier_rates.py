"""How fast providers bring what they take, on the desk in a real Chromium: wide and narrow, light, dark, in Chinese."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from portal.tests.browser import visit
from portal.tests.desk import make_operator
from portal.tests.test_browser_desk import inspect, look
from portal.tests.test_desk_supplier_rates import SUPPLIERS, a_day

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


@pytest.mark.parametrize(
    ("size", "scheme", "locale"), [("desk", "light", "en"), ("desk", "dark", "zh-hans"), ("phone", "light", "zh-hant"),
                                   ("phone", "dark", "en")],
)  # fmt: skip
def test_the_page_of_providers_is_sound(
    chromium: Browser, live_server: LiveServer, size: str, scheme: str, locale: str
) -> None:
    a_day()
    reader = make_operator(locale=locale)
    with visit(chromium, live_server.url + reverse("admin:index"), reader, **look(size, scheme)) as page:
        inspect(page, live_server.url + reverse(SUPPLIERS))
