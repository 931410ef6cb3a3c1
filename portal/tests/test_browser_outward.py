"""The desk's lists of events for partners in a real Chromium: wide and narrow, light and dark, English and Chinese."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from loans.models import OutwardDelivery
from loans.tests.asking import make_program
from loans.tests.factories import make_loan
from loans.tests.outward import hear, tell
from portal.tests.browser import SIZES, faults, overflow, visit
from portal.tests.desk import make_operator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]
LOOKS = [("desk", "light", "en"), ("desk", "dark", "zh-hans"), ("phone", "light", "zh-hant"), ("phone", "dark", "en")]


@pytest.mark.parametrize(("size", "scheme", "language"), LOOKS)
def test_the_pages_fit_are_readable_and_hold_no_fault(
    chromium: Browser, live_server: LiveServer, size: str, scheme: str, language: str
) -> None:
    loan = make_loan()
    hear(loan.bank, "https://events.a-rather-long-name-of-a-bank.example/dueproof/hook")
    tell(loan, 5)
    OutwardDelivery.objects.update(status="dead", attempts=14, reason="answered 503")
    make_program(loan.bank)
    names = ("index", "loans_outwarddelivery_changelist", "loans_endpoint_changelist", "loans_partnerclient_changelist")
    width, height = SIZES[size]
    options: dict[str, Any] = {
        "viewport": {"width": width, "height": height},
        "color_scheme": scheme,
        "bypass_csp": True,
    }
    operator = make_operator(locale=language)
    for address in (reverse(f"admin:{name}") for name in names):
        with visit(chromium, live_server.url + address, operator, **options) as page:
            assert overflow(page) <= 0, address
            assert faults(page) == [], address
